"""Tokens of identity providers: asked for with a secret or a signed assertion, kept in memory, asked again once."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from collectors.door import Unseen
from collectors.doors.tenant_wire import Reply, Wire, codes, place

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ASSERTION_SECONDS: Final = 300
_EARLY_SECONDS: Final = 60
"""A token is asked for anew when it has less than this to live."""


@dataclass(frozen=True)
class Token:
    """What to send, until when (time.monotonic), and what it was granted for where the provider says it."""

    text: str = field(repr=False)
    ends_at: float
    scopes: tuple[str, ...] | None


@dataclass
class Tokens:
    """The tokens of one look, by the scope that was asked for."""

    grant: Callable[[str], Token]
    held: dict[str, Token] = field(default_factory=dict)

    def of(self, scope: str, fresh: bool = False) -> Token:
        """A token for this scope that lives a little longer; `fresh` where the provider refused the held one."""
        kept = self.held.get(scope)
        if kept is None or fresh or kept.ends_at - _EARLY_SECONDS < time.monotonic():
            kept = self.held[scope] = self.grant(scope)
        return kept


def granted(wire: Wire, url: str, form: Mapping[str, str]) -> tuple[Token, Mapping[str, Any]]:
    """The token of an OAuth 2.0 token endpoint (RFC 6749, 4.4), and the whole answer."""
    try:
        reply = wire.ask("POST", url, {}, form)
    except Unseen as unseen:
        if unseen.reason == "unsupported" and "HTTP 400" in unseen.detail:
            raise Unseen("permission_denied", unseen.source, unseen.detail) from None
        raise
    if reply.status == 401:
        raise Unseen("permission_denied", place(url), " ".join(["HTTP 401", *codes(reply)]))
    return _token(reply)


def _token(reply: Reply) -> tuple[Token, Mapping[str, Any]]:
    told = reply.json()
    text, seconds = (
        (told.get("access_token"), told.get("expires_in")) if isinstance(told, dict) else (None, 0)
    )
    if (
        not isinstance(text, str)
        or not text.isascii()
        or not text.isprintable()
        or not isinstance(seconds, int)
    ):
        raise Unseen("malformed", place(reply.url), "no token in the answer")
    scope = told.get("scope")
    scopes = tuple(sorted(scope.split())) if isinstance(scope, str) else None
    return Token(text, time.monotonic() + seconds, scopes), told


def load_key(pem: bytes) -> RSAPrivateKey:
    """An RSA key from PEM; `malformed` for anything else, saying nothing of what it held."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unseen("malformed", "the private key", "no RSA key in PEM without a password") from None
    if not isinstance(key, RSAPrivateKey):
        raise Unseen("unsupported", "the private key", "not an RSA key")
    return key


def assertion(key: RSAPrivateKey, header: Mapping[str, str], claims: Mapping[str, str]) -> str:
    """A signed JWT (RFC 7523) that lives five minutes; PS256 where the header says so, else RS256."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    now = int(time.time())
    whole = {
        **claims,
        "iat": now,
        "nbf": now - 60,
        "exp": now + ASSERTION_SECONDS,
        "jti": secrets.token_hex(16),
    }
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", **header}, whole))
    pss = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
    how: Any = pss if header["alg"] == "PS256" else padding.PKCS1v15()
    return f"{signed}.{encoded(key.sign(signed.encode(), how, SHA256()))}"


def encoded(data: bytes) -> str:
    """Base64url without padding, as JWTs have it (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(token: str) -> Mapping[str, Any]:
    """What a JWT claims, unverified: to be told as the provider's word about itself, and for nothing else."""
    try:
        middle = token.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
