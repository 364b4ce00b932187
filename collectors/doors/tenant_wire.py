"""The wire to an identity provider: verified TLS, one origin, bounded answers, patience with throttling.

As the agent's transport: no redirects, no cookies, no .netrc, nothing unpacked; proxies come from the settings or
the environment. A token is sent to the origin that it was granted for and to no other, whatever an answer says.
What goes into an error is our own words, a status and codes out of a closed list: never a body, a token or a secret.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from collectors.door import Unseen
from collectors.door_tenant import ANSWER_MAX_BYTES, LOOK_MAX_BYTES, REQUESTS_MAX

if TYPE_CHECKING:
    import requests

CONNECT_MAX_SECONDS: Final = 10.0
READ_MAX_SECONDS: Final = 30.0
WAIT_MAX_SECONDS: Final = 120.0
"""A provider that asks for a longer pause is not waited for."""
TRIES_MAX: Final = 5
_CHUNK_BYTES: Final = 64 * 1024
_THROTTLED: Final = (429, 503, 504)
_REASONS: Final = {400: "unsupported", 401: "permission_denied", 403: "permission_denied", 404: "not_found"}
_CODES: Final = frozenset(
    "AadPremiumLicenseRequired Authentication_RequestFromNonPremiumTenantOrB2CTenant Authorization_RequestDenied"
    " E0000005 E0000006 E0000011 E0000015 E0000022 accessDenied access_denied forbidden insufficientPermissions"
    " invalid_client invalid_grant invalid_scope notAuthorized unauthorized_client".split()
)


@dataclass(frozen=True)
class Reply:
    """A whole answer; header names are lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """What the body says; `malformed` where it is no JSON, such as a proxy's page in HTML."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Unseen("malformed", place(self.url), "no JSON") from None


@dataclass
class Wire:
    """Requests to any origin that its caller names; bounds are of the whole look."""

    session: requests.Session
    verify: str | bool
    ends_at: float
    """On time.monotonic."""
    sleep: Callable[[float], None] = time.sleep
    requests_left: int = REQUESTS_MAX
    bytes_left: int = LOOK_MAX_BYTES
    waited: list[float] = field(default_factory=list)

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> Reply:
        """One answer with status 200 or 401; any other is `Unseen`. Waits where the provider asks for it."""
        for _ in range(TRIES_MAX):
            reply = self._once(method, url, headers, form)
            if reply.status not in _THROTTLED:
                break
            self._pause(reply, url)
        if reply.status in (200, 401):
            return reply
        if reply.status in _THROTTLED:
            raise Unseen("timeout", place(url), f"HTTP {reply.status} after {TRIES_MAX} tries")
        reason = _REASONS.get(reply.status, "unsupported" if reply.status < 500 else "malformed")
        raise Unseen(reason, place(url), " ".join([f"HTTP {reply.status}", *codes(reply)]))

    def _pause(self, reply: Reply, url: str) -> None:
        seconds = _seconds(reply.headers, 2.0 ** min(len(self.waited), 5))
        if seconds > WAIT_MAX_SECONDS or time.monotonic() + seconds > self.ends_at:
            raise Unseen("budget_spent", place(url), f"HTTP {reply.status}, to be asked again too late")
        self.waited.append(seconds)
        self.sleep(seconds)

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Reply:
        import requests
        from urllib3.exceptions import HTTPError

        if urlsplit(url).scheme != "https":
            raise Unseen("unsupported", place(url), "only https is asked")
        self.requests_left -= 1
        if self.requests_left < 0 or time.monotonic() > self.ends_at:
            raise Unseen("budget_spent", place(url))
        try:
            with self.session.request(
                method,
                url,
                data=form,
                headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
                timeout=(CONNECT_MAX_SECONDS, READ_MAX_SECONDS),
                allow_redirects=False,
                stream=True,
                verify=self.verify,
            ) as response:
                body = self._body(response, url)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Reply(url, response.status_code, names, body)
        except requests.exceptions.SSLError:
            raise Unseen("unsupported", place(url), "TLS failed: the certificate is not trusted") from None
        except requests.exceptions.ConnectionError:
            raise Unseen("not_found", place(url), "cannot be reached") from None
        except (requests.RequestException, HTTPError, OSError, ValueError):
            raise Unseen("timeout", place(url), "no whole answer") from None

    def _body(self, response: requests.Response, url: str) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Unseen("malformed", place(url), "packed, which was not asked for")
        parts, size, room = [], 0, min(ANSWER_MAX_BYTES, self.bytes_left)
        while part := response.raw.read1(_CHUNK_BYTES, decode_content=False):
            size += len(part)
            if size > room:
                raise Unseen("too_large", place(url))
            if time.monotonic() > self.ends_at:
                raise Unseen("budget_spent", place(url))
            parts.append(part)
        expected = response.headers.get("Content-Length", "")
        if expected.isdecimal() and int(expected) != size:
            raise Unseen("malformed", place(url), "cut short")
        self.bytes_left -= size
        return b"".join(parts)


def session(proxy: str | None, url: str) -> requests.Session:
    """A session that takes proxies from the settings or the environment, and nothing else from there."""
    import requests

    made = requests.Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if proxy:
        made.proxies.update({"https": proxy})
    elif not proxy_bypass(urlsplit(url).netloc):
        made.proxies.update(getproxies())
    return made


def place(url: str) -> str:
    """An address for sources and errors: without query, user part and fragment, where secrets may stand."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{parts.path}"[:200]


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; `malformed` for what is no address."""
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        raise Unseen("malformed", "an address in an answer") from None


def codes(reply: Reply) -> list[str]:
    """The error codes that a body names, those of the vendors' documents alone: the rest may be anything."""
    words = reply.body[:4096].decode("utf-8", "replace").replace('"', " ").replace(",", " ").split()
    return sorted(_CODES.intersection(words))


def _seconds(headers: Mapping[str, str], otherwise: float) -> float:
    """How long to wait: Retry-After in seconds (RFC 9110, 10.2.3), or Okta's X-Rate-Limit-Reset (a Unix time)."""
    told, reset = headers.get("retry-after", ""), headers.get("x-rate-limit-reset", "")
    if told.isdecimal() and len(told) < 9:
        return float(told)
    if reset.isdecimal() and len(reset) < 12:
        return min(max(int(reset) - time.time(), 1.0), WAIT_MAX_SECONDS + 1)
    return otherwise
