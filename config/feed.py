"""Feeds: what the world knows of exploited holes, of fixes and of ends of support, reduced to what judging asks.

A feed is kept as the server reduced it, once, from a downloaded file; whoever has that file can reduce it again.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config import canonical, deb_version
from config.errors import InputError
from config.fact_types import KINDS
from config.settings import FEED_MAX_BYTES
from config.statement import digest

NAMES = ("kev", "osv", "eol")
"""CISA's Known Exploited Vulnerabilities, OSV's fixed versions, endoflife.date's ends of support."""
CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")

_TEXT = re.compile(r"[ -~]{1,128}")
_DAY = KINDS["date"]


@dataclass(frozen=True, eq=False)
class Feed:
    """One feed as it was published at a time, known by the SHA-256 of its bytes."""

    name: str
    published_at: str
    digest: str
    data: Mapping[str, Any]

    @property
    def source(self) -> str:
        """How facts cite it."""
        return f"feed {self.name} of {self.published_at[:10]}, sha256 {self.digest[:16]}"


@dataclass(frozen=True, eq=False)
class Feeds:
    """The feeds that facts are joined with; None for one that nobody adopted.

    A fleet is judged by one such object: what joining looks up is kept as long as it is.
    """

    kev: Feed | None = None
    osv: Feed | None = None
    eol: Feed | None = None

    def __iter__(self) -> Iterator[Feed]:
        return (each for name in NAMES if (each := getattr(self, name)) is not None)

    def __str__(self) -> str:
        return ", ".join(f"{each.name} of {each.published_at[:10]}" for each in self) or "none"


def read(name: str, data: bytes) -> Feed:
    """A reduced feed.

    Raises InputError `feed_unknown`, `feed_too_large` or `feed_malformed`.
    """
    if name not in NAMES:
        raise InputError("feed_unknown", f"no feed is named {name[:64]!r}", f"There are: {', '.join(NAMES)}.")
    if len(data) > FEED_MAX_BYTES:
        message = f"feed {name}: {len(data)} bytes, where {FEED_MAX_BYTES} are allowed"
        raise InputError("feed_too_large", message)
    try:
        value = canonical.decode(data, FEED_MAX_BYTES)
        held, accepts = _FORMS[name]
        match value:
            case {"format": form, "published_at": str(at), **rest} if form == f"{name}.v1" and {*rest} == {
                held
            }:
                canonical.decode_time(at)
                told: Any = rest[held]
                _all(told, accepts, held)
                return Feed(name, at, digest(data), told)
    except InputError as error:
        raise InputError("feed_malformed", f"feed {name}: {error.message}", error.hint) from error
    raise _malformed(f"feed {name}: not an object with exactly format {name}.v1, published_at and {held}")


def _all(value: Any, accepts: Callable[[str, Any], bool], what: str) -> None:
    """Each name and what it stands for are as the form has it."""
    if not isinstance(value, dict):
        raise _malformed(f"{what} is no object")
    for name, each in value.items():
        if not _TEXT.fullmatch(name) or not accepts(name, each):
            raise _malformed(f"{what}: {name[:64]!r} is not as it should be")


def _hole(cve: str, value: Any) -> bool:
    match value:
        case {"added_on": added, "due_on": due, "ransomware": bool(), **rest} if not rest:
            return CVE.fullmatch(cve) is not None and _DAY(added) and (due is None or _DAY(due))
    return False


def _ecosystem(ecosystem: str, value: Any) -> bool:
    _all(value, _package, ecosystem)
    return True


def _package(_: str, value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(map(_fix, value))


def _fix(value: Any) -> bool:
    match value:
        case [str(cve), str(version)]:
            return CVE.fullmatch(cve) is not None and deb_version.key(version) is not None
    return False


def _system(system: str, value: Any) -> bool:
    _all(value, lambda _, day: day is None or _DAY(day), system)
    return True


def _malformed(message: str) -> InputError:
    return InputError("feed_malformed", message)


_FORMS: Mapping[str, tuple[str, Callable[[str, Any], bool]]] = {
    "kev": ("cves", _hole),
    "osv": ("ecosystems", _ecosystem),
    "eol": ("systems", _system),
}
"""What each feed holds, and how one entry of it must be."""
