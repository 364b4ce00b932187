"""The package lists that APT fetched: whose they are, and how old they are (sources.list(5)).

The head of each archive's Release file tells its origin, label, suite and codename, as its maker wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Seen, rfc3339
from collectors.readers import os_release
from collectors.readers.once import once

LISTS: Final = "/var/lib/apt/lists"
PARTIAL: Final = f"{LISTS}/partial"

_FIELD: Final = re.compile(r"^(Origin|Label|Suite|Codename|Valid-Until): *(.*?)\s*$", re.MULTILINE)
_HEAD: Final = 4096
_QUOTED: Final = re.compile(r"[\\|{}\[\]<>\"^~_=!@#$%&*]")


@dataclass(frozen=True)
class Release:
    """The head of one fetched Release file."""

    origin: str
    label: str
    suite: str
    codename: str
    valid_until: datetime | None = None

    @property
    def is_security(self) -> bool:
        """Debian-Security by label (its suite moves: stable-, oldstable-security), others by suite."""
        names = (self.suite, self.codename)
        return self.label.endswith("-Security") or any(name.endswith("-security") for name in names)

    def secures(self, os_id: str, version_codename: str) -> bool:
        """Whether this is the security archive of a release; for systems not known here any one is."""
        if os_id not in ("debian", "ubuntu") or not version_codename:
            return self.is_security
        wanted = f"{version_codename}-security"
        if os_id == "ubuntu":
            return (self.origin, self.suite) == ("Ubuntu", wanted)
        # Up to buster the archive was called "buster/updates", with the codename of the release itself.
        return self.label == "Debian-Security" and self.codename in (wanted, version_codename)


def parse_release(text: str) -> Release:
    """The head of a Release or InRelease file."""
    fields = dict(reversed(_FIELD.findall(text[:_HEAD])))  # the first of a repeated field counts
    words = ("Origin", "Label", "Suite", "Codename")
    origin, label, suite, codename = (fields.get(word, "") for word in words)
    return Release(origin, label, suite, codename, _http_date(fields.get("Valid-Until", "")))


def list_name(uri: str, where: str) -> str:
    """How the names of a source's lists begin: its address and suite as APT makes a file name of them."""
    address = re.sub(r"^[a-z0-9+]+:(?://)?(?:[^@/]*@)?", "", uri).rstrip("/")
    suite = where.removesuffix("/") if where.endswith("/") else "dists/" + where.rpartition("/")[0]
    quoted = _QUOTED.sub(lambda sign: f"%{ord(sign[0]):02x}", f"{address}/{suite}")
    return quoted.replace("/", "_")


def releases(host: Host) -> Mapping[str, Release]:
    """The fetched Release files by `list_name`. `not_found` where there is none: no lists, no knowledge."""
    return once(host, _releases)


def lists_refreshed_at(host: Host) -> Seen:
    """When the lists were last fetched.

    The lists carry the server's time stamps, but the folder `partial` changes with each fetch that reached a
    server, and not with one that failed. Security lists past their Valid-Until were not fetched since.
    """
    known = releases(host)
    source = PARTIAL if host.exists(PARTIAL) else LISTS
    moment = host.stat(source).modified_at
    ends = [one.valid_until for one in known.values() if one.is_security and one.valid_until]
    if ends and min(ends) < moment and min(ends) < host.now:
        return Seen(rfc3339(min(ends)), f"{LISTS}: Valid-Until of the security list")
    return Seen(rfc3339(moment), source)


def security_archives(host: Host) -> set[str]:
    """The lists of security archives. `not_found` where this release's own is not among them."""
    found = releases(host)
    try:
        fields, _ = os_release.read(host)
    except Unseen as unseen:
        if unseen.reason != "not_found":  # then any release may be meant, and this list may be another's
            raise
        fields = {}
    of_this = fields.get("ID", ""), fields.get("VERSION_CODENAME", "")
    if not any(one.secures(*of_this) for one in found.values()):
        raise Unseen("not_found", LISTS, f"no list of the security archive of {' '.join(of_this).strip()}")
    return {name for name, one in found.items() if one.is_security}


def _releases(host: Host) -> dict[str, Release]:
    names = [name for name in host.list(LISTS) if name.endswith(("_InRelease", "_Release"))]
    if not names:
        raise Unseen("not_found", LISTS, "no package lists were fetched")
    return {name.rpartition("_")[0]: parse_release(host.text(f"{LISTS}/{name}")) for name in names}


def _http_date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    except ValueError:
        return None
