"""Google Workspace by the Admin SDK, as a service account that acts for an administrator (domain-wide delegation).

Settings: `service_account_file` (the JSON key), `subject` (an administrator who may read, by mail address); `api`,
`identity` and `token` are the addresses. Each question asks for a token of the one read-only scope that it
needs, so a scope that was not delegated hides its own facts alone. Sources:
https://developers.google.com/identity/protocols/oauth2/service-account,
https://developers.google.com/workspace/admin/directory/reference/rest/v1/users,
https://cloud.google.com/identity/docs/reference/rest/v1/inboundSsoAssignments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from collectors.door import Unseen
from collectors.doors.tenant import Provider
from collectors.doors.tenant_settings import Settings
from collectors.doors.tenant_token import Token, Tokens, assertion, granted, load_key
from collectors.doors.tenant_wire import Reply, Wire, place

SETTINGS: Final = frozenset("service_account_file subject api identity token".split())
_API: Final = "https://admin.googleapis.com"
_IDENTITY: Final = "https://cloudidentity.googleapis.com"
_TOKEN: Final = "https://oauth2.googleapis.com/token"
_AUTH: Final = "https://www.googleapis.com/auth/"
_SCOPES: Final = {
    "admin/directory/v1/users": "admin.directory.user.readonly",
    "v1/inboundSsoAssignments": "cloud-identity.inboundsso.readonly",
}


def base(settings: Settings) -> str:
    """The Admin SDK's base address."""
    return settings.address("api", _API)


def provider(settings: Settings, wire: Wire) -> Provider:
    """How this customer is asked; ValueError for settings that are missing."""
    email, pem, number = _account(settings)
    subject, url = settings.text("subject"), settings.address("token", _TOKEN)

    def grant(scope: str) -> Token:
        claims = {"iss": email, "sub": subject, "scope": scope, "aud": url}
        signed = assertion(load_key(pem), {"alg": "RS256", "kid": number}, claims)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
        token, _ = granted(wire, url, form)
        return token

    identity = settings.address("identity", _IDENTITY)
    name = subject.rpartition("@")[2]
    return Provider(
        name,
        base(settings),
        Tokens(grant),
        _scope,
        _next,
        _scopes,
        {"v1/inboundSso": identity},
        leaves_out_empty=True,
    )


def _account(settings: Settings) -> tuple[str, bytes, str]:
    held = settings.file("service_account_file")
    try:
        told = json.loads(held or b"")
        email, pem, number = (told[name] for name in ("client_email", "private_key", "private_key_id"))
        return str(email), str(pem).encode(), str(number)
    except (ValueError, KeyError, TypeError):
        raise ValueError("service_account_file is no key of a service account") from None


def _scope(path: str) -> str:
    return next(f"{_AUTH}{scope}" for begin, scope in _SCOPES.items() if path.startswith(begin))


def _next(reply: Reply, told: Any, first: str) -> str | None:
    mark = told.get("nextPageToken") if isinstance(told, dict) else None
    if not mark:
        return None
    if not isinstance(mark, str):
        raise Unseen("malformed", place(first), "the next page's mark is no text")
    parts = urlsplit(first)
    return parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), "pageToken": mark})).geturl()


def _scopes(held: Mapping[str, Token]) -> tuple[str, ...]:
    """A token is granted for all that was asked, or refused."""
    return tuple(sorted(scope.removeprefix(_AUTH) for scope in held))
