"""What APT knows of newer versions (apt(8), sources.list(5)), on Debian, Ubuntu and their kin.

Asked with one `apt list -a --installed`, and judged here, since a simulated upgrade hides what matters: it
leaves out held and pinned packages, and names only the newest version's origin, so a security fix that a
point release has overtaken would count as an ordinary update. An update is a security update when any newer
version of it lies in an archive whose Release file says so. Without such an archive among the lists, and
with no lists at all, nothing is known: never "0 pending".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen, rfc3339
from collectors.readers import packages
from collectors.readers.once import once
from collectors.readers.versions import debian_key, newer

LISTS: Final = "/var/lib/apt/lists"
PARTIAL: Final = f"{LISTS}/partial"
CACHE: Final = "/var/cache/apt/pkgcache.bin"
LIST: Final = ("apt", "list", "-a", "--installed")
NO_CACHE: Final = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
LIST_SECONDS: Final = 60.0

_FIELD: Final = re.compile(r"^(Origin|Label|Suite|Codename|Valid-Until): *(.*?)\s*$", re.MULTILINE)
_HEAD: Final = 4096
_LINE: Final = re.compile(r"^([^/\s]+)/(\S*) (\S+) (\S+)(?: \[(.*)\])?$")
_OLD: Final = re.compile(r"upgradable from: (\S+)")


@dataclass(frozen=True)
class Release:
    """The head of one fetched Release file."""

    origin: str
    label: str
    suite: str
    codename: str
    valid_until: datetime | None = None

    @property
    def archive(self) -> str:
        """The name that APT prints for it."""
        return self.suite or self.codename

    @property
    def is_security(self) -> bool:
        """Debian-Security by label (its suite moves: stable-, oldstable-security), others by suite."""
        names = (self.suite, self.codename)
        return self.label.endswith("-Security") or any(name.endswith("-security") for name in names)


@dataclass
class Versions:
    """One installed package: its version, and every version that an archive offers."""

    name: str
    installed: str = ""
    candidate: str = ""
    offered: tuple[tuple[str, frozenset[str]], ...] = ()


def parse_release(text: str) -> Release:
    """The head of a Release or InRelease file."""
    fields = dict(reversed(_FIELD.findall(text[:_HEAD])))  # the first of a repeated field counts
    words = ("Origin", "Label", "Suite", "Codename")
    origin, label, suite, codename = (fields.get(word, "") for word in words)
    return Release(origin, label, suite, codename, _http_date(fields.get("Valid-Until", "")))


def parse_list(text: str, native: str) -> list[Versions]:
    """The packages of `apt list -a --installed`; a package of another architecture is `name:architecture`."""
    found: dict[str, Versions] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        name, archives, version, architecture, state = match.groups(default="")
        label = name if architecture in (native, "all") else f"{name}:{architecture}"
        one = found.setdefault(label, Versions(label))
        where = frozenset(archives.split(",")) - {"", "now"}
        if "now" in archives.split(","):
            one.installed = version
        elif _OLD.search(state):
            one.candidate = version
        if where:
            one.offered = (*one.offered, (version, where))
    return [one for one in found.values() if one.installed]


def releases(host: Host) -> list[Release]:
    """The fetched Release files. `not_found` where there is none: no lists, no knowledge."""
    return once(host, _releases)


def versions(host: Host) -> list[Versions]:
    """Every installed package with the versions that the fetched lists offer. `offline_root` on a root."""
    return once(host, _versions)


def pending_security(host: Host) -> Seen:
    """The security updates that wait, held and pinned packages included."""
    return Seen([*_security(host)], " ".join(LIST), LISTS)


def pending_other_count(host: Host) -> Seen:
    """How many other packages APT would upgrade."""
    security = {record["name"] for record in _security(host)}
    other = [one for one in versions(host) if one.candidate and one.name not in security]
    return Seen(len(other), " ".join(LIST))


def lists_refreshed_at(host: Host) -> Seen:
    """When the lists were last fetched.

    The lists carry the server's time stamps, but the folder `partial` changes with each fetch that reached a
    server, and not with one that failed. Security lists past their Valid-Until were not fetched since.
    """
    known = releases(host)
    source = PARTIAL if host.exists(PARTIAL) else LISTS
    moment = host.stat(source).modified_at
    ends = [one.valid_until for one in known if one.is_security and one.valid_until]
    if ends and min(ends) < moment and min(ends) < host.now:
        return Seen(rfc3339(min(ends)), f"{LISTS}: Valid-Until of the security list")
    return Seen(rfc3339(moment), source)


def held(host: Host) -> Seen:
    """Packages on hold, by dpkg's own selections."""
    found = packages.installed(host)
    return Seen([*sorted(name for name, one in found.by_name.items() if one.held)], found.source)


def foreign(host: Host) -> Seen:
    """Installed packages that no fetched list offers in any version."""
    releases(host)
    names = sorted(one.name for one in versions(host) if not one.offered)
    return Seen(list(names), " ".join(LIST))


def _security(host: Host) -> Iterator[dict[str, Json]]:
    archives = {one.archive for one in releases(host) if one.is_security}
    if not archives:
        raise Unseen("not_found", LISTS, "no list of a security archive")
    for one in versions(host):
        fixes = [
            version for version, where in one.offered if where & archives and newer(version, one.installed)
        ]
        if fixes:
            newest = max(fixes, key=debian_key)
            yield {"name": one.name, "installed": one.installed, "available": newest, "advisories": []}


def _releases(host: Host) -> list[Release]:
    names = [name for name in host.list(LISTS) if name.endswith(("_InRelease", "_Release"))]
    if not names:
        raise Unseen("not_found", LISTS, "no package lists were fetched")
    return [parse_release(host.text(f"{LISTS}/{name}")) for name in names]


def _versions(host: Host) -> list[Versions]:
    native = packages.installed(host).by_name.get("dpkg")
    argv = LIST if _cache_is_current(host) else (*LIST, *NO_CACHE)
    done = host.run(argv, timeout=LIST_SECONDS)
    found = parse_list(done.text, native.architecture if native else "")
    if not found:
        raise Unseen("malformed", " ".join(LIST), "no package in it")
    return found


def _cache_is_current(host: Host) -> bool:
    """Whether APT would read its cache as it is. A stale one it would write anew, and we write nothing."""
    try:
        made = host.stat(CACHE).modified_at
        sources = (packages.DPKG_STATUS, LISTS, PARTIAL, "/etc/apt", "/etc/apt/sources.list.d")
        return all(host.stat(path).modified_at < made for path in sources if host.exists(path))
    except Unseen:
        return False


def _http_date(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    except ValueError:
        return None
