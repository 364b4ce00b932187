"""Enrolment tokens: make one, show its string once, list and revoke."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from server import audit, tls, tokens
from server.people import ENROL, READ
from server.web import desk
from server.web.forms import EnrolmentForm
from server.web.roles import allowed, demand


@allowed(READ, "GET", "HEAD", "POST")
def enrolment(request: HttpRequest) -> HttpResponse:
    """``/enrolment``: the tokens; a POST makes one and answers with its string, which is not kept."""
    form = EnrolmentForm(request.POST if request.method == "POST" else None)
    shown: dict[str, object] = {"form": form}
    if request.method == "POST":
        demand(request, ENROL)
        if form.is_valid():
            shown |= _make(request, form)
    with desk.opened() as connection:
        listed = tokens.listed(connection)
    shown["tokens"] = [{"token": each, "state": tokens.state(each, desk.moment())} for each in listed]
    return render(request, "enrolment.html", shown)


@allowed(ENROL, "POST")
def revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    """``/enrolment/ID/revoke``."""
    now = desk.moment()
    with desk.opened() as connection:
        tokens.revoke(connection, token_id, now)
    audit.note(desk.person(request).username, "token_revoked", token_id, now)
    messages.success(request, f"Token {token_id} is revoked. Hosts that it enrolled stay.")
    return redirect("enrolment")


def _make(request: HttpRequest, form: EnrolmentForm) -> dict[str, object]:
    now, asked = desk.moment(), form.cleaned_data
    lifetime = tokens.span(asked["lifetime"])
    with desk.opened() as connection:
        made, secret = tokens.new(
            connection, now, lifetime, asked["quota"], asked["tags"], asked["serials"], asked["note"]
        )
    audit.note(desk.person(request).username, "token_made", made.token_id, now)
    return {"made": made, "string": _string(request, secret), "form": EnrolmentForm()}


def _string(request: HttpRequest, secret: str) -> str:
    """Agents go where this page was opened, unless the settings name another address."""
    home = desk.home()
    url = home.settings().public_url.rstrip("/") or f"https://{request.get_host()}"
    return tokens.enrolment_string(url, tls.fingerprint(home.ca_file.read_bytes()), secret)
