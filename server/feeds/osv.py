"""OSV advisories of Debian and Ubuntu: which version of a source package first closes which CVE.

The form is OSV's schema 1.x, https://ossf.github.io/osv-schema. Records name CVEs in different places: the tracker's
(`DEBIAN-CVE-…`, `UBUNTU-CVE-…`) in their own id and `upstream`, advisories (DSA, DLA, USN) in `aliases` or `upstream`,
older ones in `related`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from config import canonical, deb_version
from config.canonical import Json
from config.errors import InputError
from server.feeds import advisories, reading
from server.feeds.advisories import Told
from server.feeds.reading import Reduced, Source, refused

ENTRIES_MAX = 1_000_000

_ECOSYSTEM = re.compile(r"Debian:\d{1,3}|Ubuntu:(Pro:)?\d\d\.\d\d(:LTS)?")
_TRACKER = re.compile(r"(?:DEBIAN|UBUNTU)-(CVE-.*)")
_ADVISORY = re.compile(r"(?:DSA|DLA|DTSA|ELA|USN|LSN)-.*")
_NOT_AFFECTED = "0"
_SEEN_MAX = 8
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class _Gathered:
    """What the advisories read so far say."""

    wanted: frozenset[str]
    fixes: dict[str, dict[str, set[tuple[str, str]]]] = field(default_factory=dict)
    count: int = 0
    entries: int = 0
    odd: int = 0
    """Fixed versions that dpkg would not take: nothing can be compared with them."""
    others: dict[str, None] = field(default_factory=dict)
    newest: datetime = _LONG_AGO


def reduce(
    sources: Sequence[Source],
    moment: datetime,
    told: Told,
    ecosystems: Sequence[str] = (),
    is_whole: bool = False,
) -> Reduced:
    """Return the fixes of all files together.

    Args:
        sources: zips of whole ecosystems; beside them single advisories that are newer than the zip.
        moment: now; an advisory that was changed later is refused.
        told: hears how far it is.
        ecosystems: such as ``Debian:12``; all of Debian and Ubuntu where there are none.
        is_whole: the files are all that there is of their ecosystems, although none is a zip. What is not in a
            feed counts as no hole, so that this must be somebody's word.

    Raises:
        InputError: ``feed_…``.
    """
    for each in ecosystems:
        if not _ECOSYSTEM.fullmatch(each):
            hint = "Such as Debian:12 or Ubuntu:24.04:LTS."
            raise InputError(
                "feed_ecosystem_unknown", f"{each[:40]!r} is no ecosystem of Debian or Ubuntu.", hint
            )
    gathered = _Gathered(frozenset(ecosystems))
    dated = []
    zips = [each for each in sources if advisories.is_zip(each)]
    singles = [each for each in sources if each not in zips]
    for group in (*([each] for each in zips), singles):
        gathered.newest = _LONG_AGO
        for source in group:
            for where, advisory in advisories.read(source, told):
                _take(gathered, advisory, where, moment)
        if group is not singles or (is_whole and singles):
            dated.append(gathered.newest)
    if not dated:
        hint = "Take an ecosystem's all.zip; or say --whole if these files are all that there is."
        raise refused(
            "not_whole", sources[0].name, "single advisories would make all others count as no hole", hint
        )
    _demand(gathered, ", ".join(each.name for each in sources))
    return _reduced(gathered, reading.published(min(dated), moment, sources[0].name))


def _take(gathered: _Gathered, advisory: dict[str, Any], where: str, moment: datetime) -> None:
    modified = reading.time(advisory["modified"], where, "modified")
    reading.published(modified, moment, where)
    gathered.newest = max(gathered.newest, modified)
    gathered.count += 1
    if advisory.get("withdrawn"):
        return
    cves = _cves(advisory, where)
    if not cves:
        return
    for ecosystem, package, version in _fixes(advisory.get("affected", []), where, gathered):
        if deb_version.key(version) is None:
            gathered.odd += 1
            continue
        held = gathered.fixes.setdefault(ecosystem, {}).setdefault(package, set())
        before = len(held)
        held.update((cve, version) for cve in cves)
        gathered.entries += len(held) - before
    if gathered.entries > ENTRIES_MAX:
        hint = "Choose releases with --ecosystem."
        raise refused("too_large", where, f"more than {ENTRIES_MAX:,} fixes", hint)


def _cves(advisory: dict[str, Any], where: str) -> list[str]:
    own = advisory["id"]
    names = [own, *_texts(advisory, "aliases", where), *_texts(advisory, "upstream", where)]
    found = _only_cves(names)
    if not found and _ADVISORY.fullmatch(own):
        found = _only_cves(_texts(advisory, "related", where))
    return found


def _only_cves(names: Sequence[str]) -> list[str]:
    stripped = (_TRACKER.sub(r"\1", name) for name in names)
    return [cve for cve in dict.fromkeys(map(reading.cve, stripped)) if cve]


def _texts(advisory: dict[str, Any], name: str, where: str) -> list[str]:
    value = advisory.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise refused("malformed", where, f"{name} is not a list of texts")
    return value


def _fixes(affected: Any, where: str, gathered: _Gathered) -> Iterator[tuple[str, str, str]]:
    for each in affected or ():
        match each:
            case {"package": {"ecosystem": str(ecosystem), "name": str(name)}, **others}:
                if not _ECOSYSTEM.fullmatch(ecosystem) or ecosystem not in (gathered.wanted or (ecosystem,)):
                    if len(gathered.others) < _SEEN_MAX:
                        gathered.others[ecosystem[:40]] = None
                    continue
                for version in _fixed(others.get("ranges") or (), where):
                    yield ecosystem, reading.text(name, where, "a package's name", 128), version
            case {"package": _} | {"ranges": _}:
                raise refused("malformed", where, "an affected package has no ecosystem or no name")


def _fixed(ranges: Any, where: str) -> Iterator[str]:
    for each in ranges:
        match each:
            case {"type": "ECOSYSTEM", "events": list(events)}:
                for event in events:
                    if not isinstance(event, dict):
                        raise refused("malformed", where, "an event is not an object")
                    version = event.get("fixed")
                    if version is not None and version != _NOT_AFFECTED:
                        yield reading.text(version, where, "a fixed version", 128)
            case {"type": str()}:
                continue  # commits, say: they order no package
            case _:
                raise refused("malformed", where, "a range has no type or no events")


def _demand(gathered: _Gathered, where: str) -> None:
    lacking = sorted(gathered.wanted - gathered.fixes.keys())
    seen = f"; it is about {', '.join(gathered.others)}" if gathered.others else ""
    if lacking:
        raise refused("ecosystem_missing", where, f"nothing in it is fixed in {', '.join(lacking)}{seen}")
    if not gathered.fixes:
        raise refused(
            "ecosystem_missing", where, f"nothing in it is fixed in a release of Debian or Ubuntu{seen}"
        )


def _reduced(gathered: _Gathered, published_at: str) -> Reduced:
    written: dict[str, Json] = {
        ecosystem: {name: [list(each) for each in sorted(held)] for name, held in packages.items()}
        for ecosystem, packages in gathered.fixes.items()
    }
    data = canonical.encode({"format": "osv.v1", "published_at": published_at, "ecosystems": written})
    told = f"{gathered.entries:,} fixes in {gathered.count:,} advisories: {', '.join(sorted(written))}"
    told += f"; {gathered.odd} left out, whose versions dpkg would not take" if gathered.odd else ""
    return Reduced("osv", published_at[:10], published_at, data, told)
