"""Which address leads to which page. The bare routes (`server/ingest.py`) are answered before Django."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
]
