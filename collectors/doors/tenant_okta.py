"""Okta by its management API, with an API token or as a service application (private key JWT).

Settings: `address` (https://example.okta.com), and `token_file` or `token_env`, or `client_id` with `key_file` and
`key_id`. With a key each question asks for a token of the one read scope that it needs. Sources:
https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/,
https://developer.okta.com/docs/api/oauth2/, https://developer.okta.com/docs/reference/rate-limits/ and
https://developer.okta.com/docs/reference/core-okta-api/ (pagination by Link headers).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final

from collectors.door import Unseen
from collectors.doors.tenant import Provider
from collectors.doors.tenant_settings import Settings
from collectors.doors.tenant_token import Token, Tokens, assertion, granted, load_key
from collectors.doors.tenant_wire import Reply, Wire

SETTINGS: Final = frozenset("address token_file token_env client_id key_file key_id".split())
_JWT: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPES: Final = {
    "api/v1/policies": "okta.policies.read",
    "api/v1/apps": "okta.apps.read",
    "api/v1/authenticators": "okta.authenticators.read",
    "api/v1/users": "okta.users.read",
}
_LINK: Final = re.compile(r'<([^<>]{1,2048})>\s*;[^,<]*\brel="?next"?')


def base(settings: Settings) -> str:
    """The organisation's address."""
    return settings.address("address")


def provider(settings: Settings, wire: Wire) -> Provider:
    """How this organisation is asked; ValueError for settings that are missing."""
    at, secret = base(settings), settings.secret("token")
    name = at.removeprefix("https://")
    if secret is not None:
        fixed = Token(secret, time.monotonic() + 10**9, None)
        return Provider(name, at, Tokens(lambda scope: fixed), _scope, _next, _scopes, bearer="SSWS")
    client, key = settings.text("client_id"), settings.file("key_file")
    number, url = settings.text("key_id"), f"{at}/oauth2/v1/token"
    if key is None:
        raise ValueError("token_file, token_env, or client_id with key_file and key_id is needed")

    def grant(scope: str) -> Token:
        claims = {"aud": url, "iss": client, "sub": client}
        signed = assertion(load_key(key), {"alg": "RS256", "kid": number}, claims)
        form = {"grant_type": "client_credentials", "scope": scope, "client_assertion_type": _JWT}
        token, _ = granted(wire, url, {**form, "client_assertion": signed})
        return token

    return Provider(name, at, Tokens(grant), _scope, _next, _scopes)


def _scope(path: str) -> str:
    if path.startswith("api/v1/users/") and path.endswith("/roles"):
        return "okta.roles.read"
    return next(scope for begin, scope in _SCOPES.items() if path.startswith(begin))


def _next(reply: Reply, told: Any, first: str) -> str | None:
    """The address in the Link header (RFC 8288)."""
    found = _LINK.search(reply.headers.get("link", ""))
    return found.group(1) if found is not None else None


def _scopes(held: Mapping[str, Token]) -> tuple[str, ...]:
    """What tokens were granted for; an API token has the rights of whoever made it, and does not name them."""
    if not held or any(token.scopes is None for token in held.values()):
        raise Unseen("unsupported", "Okta's API token", "it does not tell its rights")
    return tuple(sorted({scope for token in held.values() for scope in token.scopes or ()}))
