"""Errors as pages and as the API's JSON: what happened, what is safe, what to try."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.errors import InputError
from server import answers
from server.web import desk

_NOT_FOUND = InputError(
    "not_found", "There is no such page.", "Check the address, or start from the overview."
)
_FORBIDDEN = InputError(
    "forbidden", "Your role does not allow this.", "Ask an administrator; nothing was changed."
)
_CSRF = InputError(
    "form_expired",
    "This form is too old or came from elsewhere.",
    "Nothing was changed. Open the page again.",
)
_BAD = InputError(
    "bad_request", "The server can't read this request.", "Nothing was changed. Open the page again."
)
_INTERNAL = InputError(
    "internal", "The server failed on this page.", "Nothing was changed. The server's log says more."
)


def page(request: HttpRequest, error: InputError, status: int = 0) -> HttpResponse:
    """Return an error as a page, or in the API's shape under its addresses."""
    status = status or answers.status(error)
    if request.path_info.startswith("/api/"):
        body = answers.error_body(error, desk.moment())
        return HttpResponse(body, content_type="application/json", status=status)
    if status == HTTPStatus.UNAUTHORIZED:  # of something that a page names; who opens it is known
        status = HTTPStatus.NOT_FOUND
    shown = {"error": error, "status": status, "phrase": HTTPStatus(status).phrase}
    return render(request, "error.html", shown, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return page(request, _NOT_FOUND, 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return page(request, _FORBIDDEN, 403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: malformed, too large, too many fields."""
    return page(request, _BAD, 400)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without its token."""
    return page(request, _CSRF, 403)


def wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """405, naming the methods that an address takes."""
    message = f"This address takes {allowed or 'other methods'} only."
    answer = page(request, InputError("wrong_method", message), 405)
    answer["Allow"] = allowed
    return answer


def internal(request: HttpRequest) -> HttpResponse:
    """500: what nobody foresaw; Django has written it to the log."""
    return page(request, _INTERNAL, 500)
