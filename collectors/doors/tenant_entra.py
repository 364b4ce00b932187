"""Entra ID by Microsoft Graph v1.0, as an application with the rights of its own (client credentials).

Settings: `tenant` (directory id or a verified domain), `client_id`, and `secret_file`, `secret_env` or
`certificate_file` with `key_file`; `login` and `graph` are the addresses, others in national clouds. Sources:
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and …/certificate-credentials
(PS256, x5t#S256); https://learn.microsoft.com/graph/paging and …/throttling;
https://learn.microsoft.com/graph/deployments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from collectors.door import Unseen
from collectors.doors.tenant import Provider
from collectors.doors.tenant_settings import Settings
from collectors.doors.tenant_token import Token, Tokens, assertion, claims_of, encoded, granted, load_key
from collectors.doors.tenant_wire import Reply, Wire, place

SETTINGS: Final = frozenset(
    "tenant client_id secret_file secret_env certificate_file key_file login graph".split()
)
_LOGIN: Final = "https://login.microsoftonline.com"
_GRAPH: Final = "https://graph.microsoft.com"
_JWT: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base(settings: Settings) -> str:
    """Graph's base address."""
    return settings.address("graph", _GRAPH)


def provider(settings: Settings, wire: Wire) -> Provider:
    """How this tenant is asked; ValueError for settings that are missing."""
    tenant, client, graph = settings.text("tenant"), settings.text("client_id"), base(settings)
    if not tenant.replace("-", "").replace(".", "").isalnum():
        raise ValueError("tenant is no directory id and no domain")
    url = f"{settings.address('login', _LOGIN)}/{tenant}/oauth2/v2.0/token"
    secret, key = settings.secret("secret"), settings.file("key_file")
    certificate = settings.file("certificate_file")
    if secret is None and (key is None or certificate is None):
        raise ValueError("secret_file, secret_env, or certificate_file with key_file is needed")

    def grant(scope: str) -> Token:
        form = {"client_id": client, "grant_type": "client_credentials", "scope": scope}
        if secret is not None:
            form["client_secret"] = secret
        else:
            form |= {
                "client_assertion_type": _JWT,
                "client_assertion": _signed(key, certificate, client, url),
            }
        token, _ = granted(wire, url, form)
        return token

    return Provider(tenant, f"{graph}/v1.0", Tokens(grant), lambda path: f"{graph}/.default", _next, _scopes)


def _signed(key: bytes | None, certificate: bytes | None, client: str, url: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        print_ = x509.load_pem_x509_certificate(certificate or b"").fingerprint(SHA256())
    except ValueError:
        raise Unseen("malformed", "the certificate", "no certificate in PEM") from None
    header = {"alg": "PS256", "x5t#S256": encoded(print_)}
    return assertion(load_key(key or b""), header, {"aud": url, "iss": client, "sub": client})


def _next(reply: Reply, told: Any, first: str) -> str | None:
    link = told.get("@odata.nextLink") if isinstance(told, dict) else None
    if link is not None and not isinstance(link, str):
        raise Unseen("malformed", place(first), "the next page's address is no text")
    return link


def _scopes(held: Mapping[str, Token]) -> tuple[str, ...]:
    """The application's roles as its token claims them."""
    roles = [role for token in held.values() for role in claims_of(token.text).get("roles", [])]
    if not roles or not all(isinstance(role, str) for role in roles):
        raise Unseen("unsupported", "Entra ID's token", "it names no roles")
    return tuple(sorted({*roles}))
