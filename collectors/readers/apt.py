"""What APT knows of newer versions (apt-cache(8), sources.list(5)), on Debian, Ubuntu and their kin.

Asked with one `apt-cache policy` of every installed package, and judged here, since a simulated upgrade hides
what matters: it leaves out held and pinned packages, and names only the newest version's origin, so a security
fix that a point release has overtaken would count as an ordinary update. (It also takes fifty times as long.)
An update is a security update when any newer version of it lies in an archive whose Release file says so.
Without such an archive among the lists, and with no lists at all, nothing is known: never "0 pending".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
POLICY: Final = ("apt-cache", "policy")
NO_CACHE: Final = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
POLICY_SECONDS: Final = 60.0
SOURCE: Final = "apt-cache policy"

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


@dataclass
class Versions:
    """One installed package: its version, the one APT would take, and what each source offers."""

    name: str
    installed: str = ""
    candidate: str = ""
    offered: list[tuple[str, str]] = field(default_factory=list)
    """Version, and the start of the names under which its source's Release file lies among the lists."""


def parse_release(text: str) -> Release:
    """The head of a Release or InRelease file."""
    fields = dict(reversed(_FIELD.findall(text[:_HEAD])))  # the first of a repeated field counts
    words = ("Origin", "Label", "Suite", "Codename")
    origin, label, suite, codename = (fields.get(word, "") for word in words)
    return Release(origin, label, suite, codename, _http_date(fields.get("Valid-Until", "")))


def parse_policy(text: str) -> list[Versions]:
    """The packages of `apt-cache policy NAME…`; one of another architecture is `name:architecture`."""
    found: list[Versions] = []
    version = ""
    for line in text.splitlines():
        words = line.removeprefix(" ***").split()
        if line[:1].strip():
            found.append(Versions(line.rstrip().removesuffix(":")))
        elif not found or len(words) < 2:
            continue
        elif words[0] == "Installed:":
            found[-1].installed = words[1]
        elif words[0] == "Candidate:":
            found[-1].candidate = words[1]
        elif re.fullmatch(r"-?\d+", words[1]):
            version = words[
                0
            ]  # "2.36-9 500"; below it come its sources: "500 http://… bookworm/main amd64 Packages"
        elif len(words) >= 3 and words[-1] == "Packages":
            found[-1].offered.append((version, list_name(words[1], words[2])))
    return [one for one in found if one.installed not in ("", "(none)")]


def list_name(uri: str, where: str) -> str:
    """How the names of a source's lists begin: its address and suite as APT makes a file name of them."""
    address = re.sub(r"^[a-z0-9+]+:(?://)?(?:[^@/]*@)?", "", uri).rstrip("/")
    suite = where.removesuffix("/") if where.endswith("/") else "dists/" + where.rpartition("/")[0]
    quoted = _QUOTED.sub(lambda sign: f"%{ord(sign[0]):02x}", f"{address}/{suite}")
    return quoted.replace("/", "_")


def releases(host: Host) -> Mapping[str, Release]:
    """The fetched Release files by `list_name`. `not_found` where there is none: no lists, no knowledge."""
    return once(host, _releases)


def versions(host: Host) -> list[Versions]:
    """Every installed package with the versions that the fetched lists offer. `offline_root` on a root."""
    return once(host, _versions)


def pending_security(host: Host) -> Seen:
    """The security updates that wait, held and pinned packages included."""
    return Seen([*_security(host)], SOURCE, LISTS)


def pending_other_count(host: Host) -> Seen:
    """How many other packages APT would upgrade."""
    security = {record["name"] for record in _security(host)}
    other = [one for one in versions(host) if _waits(one) and one.name not in security]
    return Seen(len(other), SOURCE)


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


def held(host: Host) -> Seen:
    """Packages on hold, by dpkg's own selections."""
    found = packages.installed(host)
    return Seen([*sorted(name for name, one in found.by_name.items() if one.held)], found.source)


def foreign(host: Host) -> Seen:
    """Installed packages that no fetched list offers in any version."""
    releases(host)
    names = sorted(one.name for one in versions(host) if not one.offered)
    return Seen(list(names), SOURCE)


def _security(host: Host) -> Iterator[dict[str, Json]]:
    archives = {name for name, one in releases(host).items() if one.is_security}
    if not archives:
        raise Unseen("not_found", LISTS, "no list of a security archive")
    known = packages.installed(host).by_name
    for one in versions(host):
        fixes = [
            version for version, where in one.offered if where in archives and newer(version, one.installed)
        ]
        if fixes:
            newest = max(fixes, key=debian_key)
            package = known.get(one.name.partition(":")[0])
            yield {
                "name": one.name,
                "source_package": package.source if package else None,
                "installed": one.installed,
                "available": newest,
                "advisories": [],
            }


def _waits(one: Versions) -> bool:
    return one.candidate != "(none)" and newer(one.candidate, one.installed)


def _releases(host: Host) -> dict[str, Release]:
    names = [name for name in host.list(LISTS) if name.endswith(("_InRelease", "_Release"))]
    if not names:
        raise Unseen("not_found", LISTS, "no package lists were fetched")
    return {name.rpartition("_")[0]: parse_release(host.text(f"{LISTS}/{name}")) for name in names}


def _versions(host: Host) -> list[Versions]:
    known = packages.installed(host).by_name.values()
    names = sorted({f"{one.name}:{one.architecture}".removesuffix(":all") for one in known})
    options = () if _cache_is_current(host) else NO_CACHE
    try:
        found = parse_policy(host.run((*POLICY, *options, *names), timeout=POLICY_SECONDS).text)
    except Unseen as unseen:
        raise Unseen(unseen.reason, SOURCE, unseen.detail) from None  # without a thousand names
    if not found:
        raise Unseen("malformed", SOURCE, "no package in it")
    return sorted(found, key=lambda one: one.name)


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
