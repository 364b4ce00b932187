"""SPF records as RFC 7208, sections 4.5, 4.6, 5 and 6 have them: which TXT is one, and what its terms are."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

QUALIFIERS: Final = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_VERSION: Final = re.compile(r"v=spf1(?= |$)", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_MECHANISM: Final = re.compile(r"([+?~-]?)([A-Za-z0-9._-]+)(?::([^/]*|.*%\{.*))?((?:/.*)?)", re.DOTALL)
_MACRO: Final = r"%(?:[%_-]|\{[slodiphcrtvSLODIPHCRTV][0-9]*[rR]?[.+,/_=-]*\})"
_DOMAIN: Final = re.compile(
    rf"(?:{_MACRO}|[!-$&-~])*(?:\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?|{_MACRO})"
)
_PREFIXES: Final = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?")
_TAKES_DOMAIN: Final = {"include": True, "exists": True, "a": False, "mx": False, "ptr": False}
"""By mechanism: whether its domain must be given."""


class PermError(Exception):
    """The record cannot be interpreted: every receiver that asks it gets no protection from it."""


@dataclass(frozen=True)
class Term:
    """One mechanism. `domain` is empty where it is the current one; The prefixes are those of `a` and `mx`."""

    kind: str
    qualifier: str = "+"
    domain: str = ""
    prefix: int = 32
    prefix6: int = 128
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None

    @property
    def result(self) -> str:
        """What it gives where it matches."""
        return QUALIFIERS[self.qualifier]


@dataclass(frozen=True)
class Record:
    """One parsed record: its mechanisms in order, and the domain that it redirects to, if any."""

    terms: tuple[Term, ...]
    redirect: str = ""


def records(texts: tuple[str, ...]) -> list[str]:
    """Those of a name's TXT records that are SPF records."""
    return [text for text in texts if _VERSION.match(text)]


def parse(text: str) -> Record:
    """The record's terms. A fault anywhere is a `PermError`, whether it would be reached or not."""
    if not text.isascii():
        raise PermError("not ASCII")
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in filter(None, text[len("v=spf1") :].split(" ")):
        if found := _MODIFIER.fullmatch(word):
            name, value = found[1].lower(), found[2]
            if name in ("redirect", "exp"):
                if name in modifiers:
                    raise PermError(f"two {name}= modifiers")
                modifiers[name] = _domain(value, word)
            continue
        terms.append(_term(word))
    return Record(tuple(terms), modifiers.get("redirect", ""))


def has_macro(domain: str) -> bool:
    """Whether the name is worked out of each message."""
    return "%" in domain


def _term(word: str) -> Term:
    found = _MECHANISM.fullmatch(word)
    if not found:
        raise PermError(f"not understood: {word}")
    qualifier, kind = found[1] or "+", found[2].lower()
    if kind in ("ip4", "ip6") and found[3] is not None:
        return Term(kind, qualifier, network=_network(word, kind))
    if kind == "all":
        if found[3] is not None or found[4]:
            raise PermError(f"all takes no argument: {word}")
        return Term(kind, qualifier)
    if kind not in _TAKES_DOMAIN:
        raise PermError(f"no such mechanism: {word}")
    return _named(word, qualifier, kind, found[3], found[4])


def _named(word: str, qualifier: str, kind: str, given: str | None, rest: str) -> Term:
    """A mechanism that may name a domain; `a` and `mx` may have prefixes after it."""
    prefix, prefix6 = 32, 128
    if kind in ("a", "mx"):
        # A macro may hold a slash, so the prefixes are what ends the word.
        whole = (given or "") + rest
        ends = re.search(r"(?:/[0-9]+)?(?://[0-9]+)?$", whole)
        lengths = _PREFIXES.fullmatch(ends[0] if ends else "")
        if not lengths or int(lengths[1] or 0) > 32 or int(lengths[2] or 0) > 128:
            raise PermError(f"no such prefix: {word}")
        prefix, prefix6 = int(lengths[1] or 32), int(lengths[2] or 128)
        whole = whole[: ends.start()] if ends else whole
        given, rest = (whole if given is not None else None), ("" if given is not None else whole)
    if rest and given is None:
        raise PermError(f"not understood: {word}")
    if given is None:
        if _TAKES_DOMAIN[kind]:
            raise PermError(f"without a domain: {word}")
        return Term(kind, qualifier, prefix=prefix, prefix6=prefix6)
    return Term(kind, qualifier, _domain(given + rest, word), prefix, prefix6)


def _domain(text: str, word: str) -> str:
    if not _DOMAIN.fullmatch(text):
        raise PermError(f"no such domain: {word}")
    return text.lower().rstrip(".")


def _network(word: str, kind: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The addresses of ip4: or ip6:; bits behind the prefix are no fault."""
    text = word.partition(":")[2]
    address, slash, length = text.partition("/")
    if not text or "%" in text or (slash and not re.fullmatch(r"0|[1-9][0-9]*", length)):
        raise PermError(f"no such network: {word}")
    try:
        if kind == "ip4":
            return ipaddress.IPv4Network(f"{address}/{length or 32}", strict=False)
        return ipaddress.IPv6Network(f"{address}/{length or 128}", strict=False)
    except ValueError:
        raise PermError(f"no such network: {word}") from None
