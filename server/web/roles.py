"""Which role may open a page or send a form."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from server import people
from server.web import desk

View = Callable[..., HttpResponse]


def allowed(right: str, *methods: str) -> Callable[[View], View]:
    """Demand a right of the person, and one of the methods (default GET)."""

    def guard(view: View) -> View:
        @require_http_methods(methods or ("GET", "HEAD"))
        @wraps(view)
        def guarded(request: HttpRequest, **arguments: str) -> HttpResponse:
            demand(request, right)
            return view(request, **arguments)

        return guarded

    return guard


def demand(request: HttpRequest, right: str) -> None:
    """PermissionDenied unless the person has the right."""
    if not people.may(desk.person(request), right):
        raise PermissionDenied
