"""What APT knows of newer versions (apt-cache(8), sources.list(5)), on Debian, Ubuntu and their kin.

Asked with one `apt-cache policy` of every installed package, and judged here, since a simulated upgrade hides
what matters: it leaves out held and pinned packages, and names only the newest version's origin, so a security
fix that a point release has overtaken would count as an ordinary update. (It also takes fifty times as long.)
An update is a security update when any newer version of it lies in an archive whose Release file says so.
Without the distribution's own security archive for this very release among the lists, and with no lists at all,
nothing is known: never "0 pending". (After an upgrade of the release its sources may still name the old one.)
An answer counts only if it tells of every package that was asked for, to the end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from collectors.door import Host, Unseen
from collectors.findings import Json, Seen
from collectors.readers import packages
from collectors.readers.apt_lists import LISTS, PARTIAL, list_name, releases, security_archives
from collectors.readers.once import once
from collectors.readers.versions import debian_key, newer

CACHE: Final = "/var/cache/apt/pkgcache.bin"
POLICY: Final = ("apt-cache", "policy")
NO_CACHE: Final = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
POLICY_SECONDS: Final = 60.0
SOURCE: Final = "apt-cache policy"


class Offer(NamedTuple):
    """A version in a source: how the names of its lists begin, and which priority APT gives the source."""

    version: str
    where: str
    priority: int


@dataclass
class Versions:
    """One installed package: its version, the one APT would take, and what each source offers.

    `whole`: the installed version was told of, down to dpkg's own record, which ends it.
    """

    name: str
    installed: str = ""
    candidate: str = ""
    offered: list[Offer] = field(default_factory=list)
    whole: bool = False


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
            ]  # below "2.36-9 500" come its sources: "500 http://… bookworm/main amd64 Packages"
        elif len(words) >= 3 and words[-1] == "Packages":
            priority = int(words[0]) if re.fullmatch(r"-?\d{1,9}", words[0]) else 0
            found[-1].offered.append(Offer(version, list_name(words[1], words[2]), priority))
        elif len(words) == 2 and words[1].startswith("/"):
            found[-1].whole |= version == found[-1].installed
    return [one for one in found if one.installed not in ("", "(none)")]


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


def security_pinned_away(host: Host) -> bool:
    """Whether a pin keeps APT from choosing what the security archives offer (apt_preferences(5))."""
    archives = security_archives(host)
    offers = [offer for one in versions(host) for offer in one.offered]
    ours = max((offer.priority for offer in offers if offer.where in archives), default=500)
    others = max((offer.priority for offer in offers if offer.where not in archives), default=0)
    return ours < 0 or ours < min(others, 500)


def held(host: Host) -> Seen:
    """Packages on hold, by dpkg's own selections."""
    found = packages.installed(host)
    return Seen([*sorted(name for name, one in found.by_name.items() if one.held)], found.source)


def foreign(host: Host) -> Seen:
    """Installed packages that no fetched list offers, in any version or only in older ones.

    A version between two that are offered may have been one of theirs.
    """
    releases(host)
    found = versions(host)
    names = [one.name for one in found if all(newer(one.installed, each.version) for each in one.offered)]
    return Seen([*sorted(names)], SOURCE)


def _security(host: Host) -> Iterator[dict[str, Json]]:
    archives = security_archives(host)
    known = packages.installed(host).by_name
    for one in versions(host):
        there = (offer.version for offer in one.offered if offer.where in archives)
        fixes = [version for version in there if newer(version, one.installed)]
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


def _versions(host: Host) -> list[Versions]:
    known = packages.installed(host).by_name.values()
    names = sorted({f"{one.name}:{one.architecture}".removesuffix(":all") for one in known})
    options = () if _cache_is_current(host) else NO_CACHE
    try:
        text = host.run((*POLICY, *options, *names), timeout=POLICY_SECONDS).text
    except Unseen as unseen:
        raise Unseen(unseen.reason, SOURCE, unseen.detail) from None  # without a thousand names
    found = parse_policy(text)
    whole = [one.name for one in found if one.whole]
    if not text.endswith("\n") or _count(names) - _count(whole):
        raise Unseen("malformed", SOURCE, "not every package that was asked for is in it")
    return sorted(found, key=lambda one: one.name)


def _count(names: Iterable[str]) -> Counter[str]:
    """How often each name stands there: APT leaves its own architecture out."""
    return Counter(name.partition(":")[0] for name in names)


def _cache_is_current(host: Host) -> bool:
    """Whether APT would read its cache as it is. A stale one it would write anew, and we write nothing."""
    try:
        made = host.stat(CACHE).modified_at
        sources = (packages.DPKG_STATUS, LISTS, PARTIAL, "/etc/apt", "/etc/apt/sources.list.d")
        return all(host.stat(path).modified_at < made for path in sources if host.exists(path))
    except Unseen:
        return False
