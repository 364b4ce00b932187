"""The JSON API: the same functions as the pages, behind a session or a person's token."""

from ninja import NinjaAPI

api = NinjaAPI(title="Boltseal", version="1", docs_url=None, openapi_url="openapi.json", urls_namespace="api")
