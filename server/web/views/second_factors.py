"""Removing a passkey or security key: allauth's page, behind the question whether another second factor is left."""

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import remove_webauthn
from django.http import HttpRequest, HttpResponse

from config.errors import InputError
from server.web import desk


def remove_key(request: HttpRequest, pk: int) -> HttpResponse:
    """``/accounts/2fa/webauthn/keys/ID/remove/``; allauth asks this question only for authenticator apps."""
    own = Authenticator.objects.filter(pk=pk, user=desk.person(request)).first()
    if own is not None and not get_adapter().can_delete_authenticator(own):
        hint = "Set up another one first, then remove this."
        raise InputError("last_second_factor", "This is your last second factor; it was not removed.", hint)
    answer: HttpResponse = remove_webauthn(request, pk=pk)
    return answer
