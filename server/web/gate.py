"""The gate: no page opens without a login, and none but its set-up without a second factor.

It is closed by default: a new address is behind it without anything being said. The API has its own door.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from config.errors import InputError
from server import people
from server.store.models import Person
from server.web import errors

OPEN = frozenset(
    {"account_login", "account_logout", "account_signup", "mfa_authenticate", "mfa_login_webauthn"}
)
"""Names of pages that whoever comes may open."""
SETTING_UP = frozenset({"account_reauthenticate", "mfa_activate_totp", "mfa_add_webauthn"})
"""Names of pages that a person without a second factor may open besides."""
SET_UP_PAGE = "mfa_activate_totp"
OWN_DOORS = ("/api/", "/static/")


class Gate:
    """Middleware: who may come in at all. What each role may do is asked by the pages themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or lead to where the person must go first."""
        response = self._refusal(request) or self._get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response = errors.wrong_method(request, response.headers.get("Allow", ""))
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Say what was wrong with a request on a page; what nobody foresaw goes on to the front's guard."""
        return errors.page(request, exception) if isinstance(exception, InputError) else None

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        name = _name(request.path_info)
        if request.path_info.startswith(OWN_DOORS) or name in OPEN:
            return None
        person = request.user
        if not isinstance(person, Person):
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        if name in SETTING_UP or people.has_second_factor(person):
            return None
        return redirect(SET_UP_PAGE)


def _name(path: str) -> str:
    try:
        return resolve(path).url_name or ""
    except Resolver404:
        return ""
