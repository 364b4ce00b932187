"""What we decide differently from allauth: nobody signs up, and no one drops the last second factor."""

import base64
import hashlib
import logging
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import REAUTHENTICATION_TIMEOUT
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest

from server import audit
from server.people import SECOND_FACTORS
from server.store.models import Person
from server.web import desk

LOGGER = logging.getLogger("boltseal.server")
_NAME_MAX = 64


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by `boltseal-server user add`, and get no mail."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Whether to ask again who it is: not within five minutes of a login in the same session."""
        records = get_authentication_records(context.request, context.request.user)
        return not records or time.time() - records[-1]["at"] >= REAUTHENTICATION_TIMEOUT

    def login(self, request: HttpRequest, user: Person) -> None:
        """Log a person in, once every factor was shown; keep that it happened, and forget ended sessions."""
        super().login(request, user)
        audit.note(user.username, "login", self.get_client_ip(request), desk.moment())
        request.session.clear_expired()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Say in the server's log that somebody tried."""
        name = str(credentials.get("username", ""))[:_NAME_MAX]
        LOGGER.warning("login failed for %r from %s", name, self.get_client_ip(request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing: the server knows no addresses."""


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are encrypted under the home's secret, which is not in the database."""

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether another second factor would be left."""
        others = Authenticator.objects.filter(user=authenticator.user, type__in=SECOND_FACTORS)
        return bool(others.exclude(pk=authenticator.pk).exists())

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the server knows no addresses."""

    def encrypt(self, text: str) -> str:
        """Encrypt what is kept of a second factor."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Read what `encrypt` wrote."""
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> Fernet:
    key = hashlib.sha256(b"second factors\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
