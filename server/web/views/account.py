"""A person's own API tokens."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from server import api_tokens, audit
from server.people import READ
from server.web import desk
from server.web.forms import ApiTokenForm
from server.web.roles import allowed


@allowed(READ, "GET", "HEAD", "POST")
def tokens(request: HttpRequest) -> HttpResponse:
    """``/account/tokens``: a POST makes one and answers with it; it is not kept."""
    person = desk.person(request)
    form = ApiTokenForm(request.POST if request.method == "POST" else None)
    shown: dict[str, object] = {"form": form, "root": f"https://{request.get_host()}"}
    if request.method == "POST" and form.is_valid():
        now, asked = desk.moment(), form.cleaned_data
        made, secret = api_tokens.new(person, now, form.lifetime(), asked["scopes"], asked["note"])
        audit.note(person.username, "api_token_made", made.token_id, now)
        shown |= {"made": made, "secret": secret, "form": ApiTokenForm()}
    shown["tokens"] = [
        {"token": each, "scopes": json.loads(each.scopes)} for each in api_tokens.listed(person)
    ]
    return render(request, "api_tokens.html", shown)


@allowed(READ, "POST")
def delete(request: HttpRequest, token_id: str) -> HttpResponse:
    """``/account/tokens/ID/delete``."""
    person = desk.person(request)
    api_tokens.delete(person, token_id)
    audit.note(person.username, "api_token_deleted", token_id, desk.moment())
    messages.success(request, "The token is deleted and opens nothing any more.")
    return redirect("api_tokens")
