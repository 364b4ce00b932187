"""The door to a mail domain through dnspython, and over HTTPS to its MTA-STS policy.

The resolver is this machine's own or one that is named. Answers cut short over UDP are asked again over TCP.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from collectors import door_mail
from collectors.door import Unseen
from collectors.door_mail import Answer

if TYPE_CHECKING:
    from dns.resolver import Resolver

_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})+")
_SELECTOR: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PAYLOAD_BYTES: Final = 1232
"""What a UDP answer may hold without being cut into pieces on the way."""


def connect(
    domain: str,
    selectors: Sequence[str] = (),
    resolver: str | None = None,
    budget_seconds: float = door_mail.BUDGET_SECONDS,
) -> Dns:
    """The door to a domain; `resolver` is an IP address. ValueError for what is no domain, selector or address.

    `Unseen` where the optional package is missing or this machine has no resolver.
    """
    try:
        import dns.resolver
        from dns.exception import DNSException
    except ImportError:
        raise Unseen("tool_missing", "dnspython", "install boltseal[mail]") from None
    try:
        asked = dns.resolver.Resolver(configure=resolver is None)
        if resolver is not None:
            asked.nameservers = [resolver]
    except DNSException as error:
        raise Unseen("not_found", "resolver", str(error)) from None
    return Dns(asked, _ascii(domain), tuple(map(_selector, selectors)), budget_seconds)


def _ascii(domain: str) -> str:
    try:
        plain = domain.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        plain = ""
    if not _DOMAIN.fullmatch(plain):
        raise ValueError(f"{domain!r} is no mail domain, such as example.com")
    return plain


def _selector(text: str) -> str:
    if not _SELECTOR.fullmatch(text.lower()):
        raise ValueError(f"{text!r} is no DKIM selector")
    return text.lower()


class Dns(door_mail.Mail):
    """A mail domain by DNS. `https_port` and `trust` are for policy servers of a test."""

    platform = "mail"

    def __init__(
        self,
        resolver: Resolver,
        domain: str,
        selectors: tuple[str, ...] = (),
        budget_seconds: float = door_mail.BUDGET_SECONDS,
        https_port: int = 443,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.domain, self.selectors = domain, selectors
        self.now, self.cache = datetime.now(UTC), {}
        self._resolver, self._https_port, self._trust = resolver, https_port, trust
        self._deadline = time.monotonic() + budget_seconds
        self._told: dict[tuple[str, str], Any] = {}
        self._queries = 0
        resolver.use_edns(0, 0, _PAYLOAD_BYTES)
        resolver.set_flags(
            0x0120
        )  # recursion desired, and AD: tell whether the answer is proven (RFC 6840, 5.7)

    def txt(self, name: str) -> Answer:
        """The texts of TXT records, pieces joined."""
        return self._once(
            name, "TXT", lambda one: b"".join(one.strings).decode("ascii", "replace"), by=lambda one: 0
        )

    def mx(self, name: str) -> Answer:
        """The mail exchangers by preference."""
        return self._once(name, "MX", lambda one: _host(one.exchange), by=lambda one: one.preference)

    def addresses(self, name: str, kind: Literal["A", "AAAA"] = "A") -> Answer:
        """Addresses of one family."""
        return self._once(name, kind, lambda one: str(one.address), by=lambda one: 0)

    def organisational(self, name: str) -> str:
        """By the public suffix list that the installed publicsuffixlist brings."""
        try:
            from publicsuffixlist import PublicSuffixList
        except ImportError:
            raise Unseen("tool_missing", "publicsuffixlist", "install boltseal[mail]") from None
        if "public suffixes" not in self.cache:
            self.cache["public suffixes"] = PublicSuffixList()
        known: Any = self.cache["public suffixes"]
        return known.privatesuffix(name) or name

    def policy(self, domain: str) -> str:
        """The MTA-STS policy; a redirect, another type or another status is none (RFC 8461, section 3.3)."""
        return str(self._kept(("policy", domain), lambda: self._fetch(f"mta-sts.{domain}")))

    def _once(self, name: str, kind: str, read: Callable[[Any], str], by: Callable[[Any], int]) -> Answer:
        answer: Answer = self._kept((kind, name.lower().rstrip(".")), lambda: self._ask(name, kind, read, by))
        return answer

    def _kept(self, key: tuple[str, str], look: Callable[[], Any]) -> Any:
        """One look for each question, whatever comes of it."""
        if key not in self._told:
            try:
                self._told[key] = look()
            except Unseen as unseen:
                self._told[key] = unseen
        told = self._told[key]
        if isinstance(told, Unseen):
            raise told
        return told

    def _left(self, what: str) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0 or self._queries >= door_mail.QUERIES_MAX:
            raise Unseen("budget_spent", what)
        return min(left, door_mail.QUERY_MAX_SECONDS)

    def _ask(self, name: str, kind: str, read: Callable[[Any], str], by: Callable[[Any], int]) -> Answer:
        import dns.flags
        from dns import exception, resolver

        what = f"{name} {kind}"
        left = self._left(what)
        self._queries += 1
        try:
            told = self._resolver.resolve(
                name + ".", kind, raise_on_no_answer=False, lifetime=left, search=False
            )
        except resolver.NXDOMAIN:
            return Answer(exists=False)
        except resolver.NoNameservers as error:
            raise Unseen(*_refusal(what, error.kwargs.get("errors", []))) from None
        except exception.Timeout:
            raise Unseen("timeout", what, "no name server answered") from None
        except (exception.DNSException, ValueError) as error:
            raise Unseen("malformed", what, type(error).__name__) from None
        proven = bool(told.response.flags & dns.flags.AD)
        found = sorted(told.rrset or (), key=by)
        return Answer(tuple(map(read, found)), authentic=proven)

    def _fetch(self, host: str) -> str:
        from collectors.doors import mail_policy

        addresses = [*self.addresses(host).records, *self.addresses(host, "AAAA").records]
        where = f"https://{host}{mail_policy.PATH}"
        if not addresses:
            raise Unseen("not_found", where, "no address")
        return mail_policy.fetch(host, addresses, self._https_port, self._left(where), self._trust)


def _host(name: Any) -> str:
    return "." if str(name) == "." else str(name).rstrip(".").lower()


def _refusal(what: str, errors: Sequence[Any]) -> tuple[str, str, str]:
    """Why no server answered: what it said, or that it said nothing."""
    words = [str(one[3]) for one in errors]
    if any("REFUSED" in word for word in words):
        return "permission_denied", what, "REFUSED"
    if any("SERVFAIL" in word for word in words):
        return "malformed", what, "SERVFAIL"
    return "timeout", what, "no name server gave an answer"
