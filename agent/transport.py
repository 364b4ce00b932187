"""The wire: one request, one bounded answer, over verified TLS.

The agent takes no orders. So redirects are refused rather than followed, answers are read up to a size and a
time and never unpacked, .netrc and cookies are not used, and what comes back is bytes for others to check.
Certificates are verified against the enrolled CA alone; the one exception, fetching that CA itself, is
`fetch_ca`, which sends nothing secret and whose answer is compared with the fingerprint in the enrolment
string.
"""

from __future__ import annotations

import ssl
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from agent.deadline import OutOfTime, bounded
from config.errors import InputError

if TYPE_CHECKING:
    import requests

CONNECT_MAX_SECONDS: Final = 10.0
READ_MAX_SECONDS: Final = 30.0
ANSWER_MAX_SECONDS: Final = 60.0
ANSWER_MAX_BYTES: Final = 1024 * 1024
_CHUNK_BYTES: Final = 16 * 1024
_WORDS_MAX: Final = 300
_TIME_CODES: Final = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's x509_vfy.h."""
_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of the same; Python has no name for it."""


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are lower case; times are this host's clock, for measuring its offset."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: datetime
    received_at: datetime


class Transport(Protocol):
    """One way to the server. Tests have an in-memory twin of it."""

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One request. InputError `server_unreachable`, `tls_untrusted` or `answer_too_large`."""
        ...


class Https:
    """The real way: `url` is https://host:port, `ca` the file of the only authority that is trusted.

    With `any_time` a certificate that is not valid at this host's time is taken all the same, from that authority
    and for that name only: the clock may be the one that is wrong, and a wrong clock must not stop reports.
    """

    def __init__(
        self, url: str, ca: Path, clock: Callable[[], datetime] | None = None, any_time: bool = False
    ) -> None:
        self._url = url
        self._ca = str(ca)
        self._clock = clock or (lambda: datetime.now(UTC))
        self._any_time = any_time
        self._session = _session(url)

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See `Transport`."""
        url = self._url + path
        try:
            return _request(self._session, method, url, body, headers, self._ca, self._clock)
        except CertificateTimeError:
            if not self._any_time:
                raise
        self._session, self._any_time = _session(url, _context_of_any_time(self._ca)), False
        return _request(self._session, method, url, body, headers, self._ca, self._clock)


class CertificateTimeError(InputError):
    """The certificate is from the right authority, but not valid yet, or no more, by this host's clock."""


def fetch_ca(url: str) -> bytes:
    """The server's CA certificate as it offers it, unverified: the caller compares its fingerprint."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # urllib3 warns of what this step is about
        answer = _request(
            _session(url), "GET", url + "/api/v1/ca.pem", b"", {}, False, lambda: datetime.now(UTC)
        )
    if answer.status != 200:
        raise InputError("server_unreachable", f"{url} gave no CA certificate (HTTP {answer.status})")
    return answer.body


def _session(url: str, context: ssl.SSLContext | None = None) -> requests.Session:
    """A session that takes proxies from the environment and nothing else (no .netrc, no CA bundle, no cookies)."""
    import requests

    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if not proxy_bypass(urlsplit(url).netloc):
        session.proxies.update(getproxies())
    if context is not None:
        from agent.tls_adapter import ContextAdapter

        session.mount("https://", ContextAdapter(context))
    return session


def _context_of_any_time(ca: str) -> ssl.SSLContext:
    """Verifies authority and name as ever, but not the certificate's dates."""
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    return context


def _request(
    session: requests.Session,
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    verify: str | bool,
    clock: Callable[[], datetime],
) -> Answer:
    import requests
    from urllib3.exceptions import HTTPError

    sent_at, deadline = clock(), time.monotonic() + ANSWER_MAX_SECONDS
    try:
        with (
            bounded(ANSWER_MAX_SECONDS),  # the head may drip as well, and nothing else sees that
            session.request(
                method,
                url,
                data=body or None,
                headers={"Accept-Encoding": "identity", **headers},
                timeout=(CONNECT_MAX_SECONDS, READ_MAX_SECONDS),
                allow_redirects=False,
                stream=True,
                verify=verify,
            ) as response,
        ):
            received_at = clock()
            content = _read(response, deadline)
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, names, content, sent_at, received_at)
    except OutOfTime:
        if time.monotonic() < deadline:
            raise  # a tighter bound around this one
        raise _too_slow() from None
    except requests.exceptions.SSLError as error:
        raise _tls_error(url, error) from None
    except (requests.RequestException, HTTPError, OSError) as error:
        hint = "what is spooled is kept and sent later"
        raise InputError("server_unreachable", f"{url}: {_innermost(error)}"[:_WORDS_MAX], hint) from None


def _tls_error(url: str, error: BaseException) -> InputError:
    cause = _innermost(error)
    words = f"{url}: {cause}"[:_WORDS_MAX]
    if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in _TIME_CODES:
        return CertificateTimeError("tls_time_wrong", words, "look at this host's clock, and at the server's")
    hint = "the certificate must come from the CA named in the enrolment string"
    return InputError("tls_untrusted", words, hint)


def _read(response: requests.Response, deadline: float) -> bytes:
    """The body up to a size and a time. A packed one is refused, since it could unpack into anything."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise InputError("answer_packed", "the answer is packed, which was not asked for")
    parts, size = [], 0
    while part := response.raw.read1(_CHUNK_BYTES, decode_content=False):  # what has come, at most one wait
        parts.append(part)
        size += len(part)
        if size > ANSWER_MAX_BYTES:
            raise InputError("answer_too_large", f"the answer is larger than {ANSWER_MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise _too_slow()
    return b"".join(parts)


def _too_slow() -> InputError:
    hint = "what is spooled is kept and sent later"
    return InputError("server_unreachable", f"no whole answer in {ANSWER_MAX_SECONDS:.0f} s", hint)


def _innermost(error: BaseException) -> BaseException:
    """The innermost of a nest of errors: the outer ones repeat addresses and object names."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error
