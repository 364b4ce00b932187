"""OSV advisories of Debian and Ubuntu: which version of a source package first closes which CVE.

A release is told of as a whole or not at all, since what is not in a feed counts as no hole. OSV's zip of one release
names others beside it wherever an advisory is about both: of these it holds only a part, which is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from config import canonical, deb_version
from config.canonical import Json
from config.errors import InputError
from server.feeds import advisories, osv_record, reading
from server.feeds.advisories import Told
from server.feeds.reading import Reduced, Source, refused

ENTRIES_MAX = 1_000_000

_SEEN_MAX = 8
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_Fixes = dict[str, dict[str, set[tuple[str, str]]]]
"""By release and source package: CVE and version."""


@dataclass
class _Gathered:
    """What the advisories of one file, or of several single ones, say."""

    wanted: frozenset[str]
    fixes: _Fixes = field(default_factory=dict)
    common: frozenset[str] | None = None
    """The releases that each advisory is about."""
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
    """Return the fixes of all files together, as old as the oldest zip.

    Args:
        sources: zips of whole ecosystems; beside them single advisories that are newer than the zip.
        moment: now; an advisory that was changed later is refused.
        told: hears how far it is.
        ecosystems: such as ``Debian:12``; all of Debian and Ubuntu where there are none.
        is_whole: the files are all that there is of their ecosystems, although none is a zip: somebody's word.

    Raises:
        InputError: ``feed_…``.
    """
    for name in ecosystems:
        if not osv_record.RELEASE.fullmatch(name):
            message = f"{name[:40]!r} is no ecosystem of Debian or Ubuntu."
            raise InputError("feed_ecosystem_unknown", message, "Such as Debian:12 or Ubuntu:24.04:LTS.")
    wanted = frozenset(ecosystems)
    zips = [each for each in sources if advisories.is_zip(each)]
    singles = [each for each in sources if each not in zips]
    gathered = [_gathered([each], wanted, moment, told) for each in zips]
    for each in gathered:
        _drop_parts(each)
    added = _gathered(singles, wanted, moment, told)
    if not zips and not is_whole:
        hint = "Take an ecosystem's all.zip; or say --whole if these files are all that there is."
        raise refused(
            "not_whole", singles[0].name, "what single advisories leave out would count as no hole", hint
        )
    if not is_whole:
        known = frozenset(release for each in gathered for release in each.fixes)
        added.fixes = {release: own for release, own in added.fixes.items() if release in known}
    every = [*gathered, added] if singles else gathered
    fixes = _merged(each.fixes for each in every)
    _demand(fixes, wanted, every, ", ".join(each.name for each in sources))
    newest = min(each.newest for each in every if each is not added or is_whole)
    return _reduced(fixes, every, reading.published(newest, moment, sources[0].name))


def _gathered(sources: Sequence[Source], wanted: frozenset[str], moment: datetime, told: Told) -> _Gathered:
    found = _Gathered(wanted)
    for source in sources:
        for where, advisory in advisories.read(source, told):
            _take(found, advisory, where, moment)
    return found


def _take(gathered: _Gathered, advisory: dict[str, Any], where: str, moment: datetime) -> None:
    modified = reading.time(advisory["modified"], where, "modified")
    reading.published(modified, moment, where)
    gathered.newest = max(gathered.newest, modified)
    gathered.count += 1
    if advisory.get("withdrawn"):
        return
    cves, releases = osv_record.cves(advisory, where), set()
    for release, package, versions in osv_record.affected(advisory, where):
        if package:
            releases.add(release)
        if not package or (gathered.wanted and release not in gathered.wanted):
            if len(gathered.others) < _SEEN_MAX:
                gathered.others[release] = None
            continue
        sound = [version for version in versions if deb_version.key(version) is not None]
        gathered.odd += len(versions) - len(sound)
        _add(gathered, release, package, [(cve, version) for version in sound for cve in cves])
    gathered.common = frozenset(releases) if gathered.common is None else gathered.common & releases
    if gathered.entries > ENTRIES_MAX:
        raise refused(
            "too_large", where, f"more than {ENTRIES_MAX:,} fixes", "Choose releases with --ecosystem."
        )


def _add(gathered: _Gathered, release: str, package: str, fixes: Iterable[tuple[str, str]]) -> None:
    for fix in fixes:
        held = gathered.fixes.setdefault(release, {}).setdefault(package, set())
        gathered.entries += fix not in held
        held.add(fix)


def _drop_parts(gathered: _Gathered) -> None:
    """Where every advisory of a zip is about the same releases, it is theirs, and holds of others only a part."""
    if gathered.common:
        parts = gathered.fixes.keys() - gathered.common
        gathered.others |= dict.fromkeys(sorted(parts)[:_SEEN_MAX])
        gathered.fixes = {each: own for each, own in gathered.fixes.items() if each not in parts}


def _merged(every: Iterable[_Fixes]) -> _Fixes:
    found: _Fixes = {}
    for fixes in every:
        for release, packages in fixes.items():
            for package, own in packages.items():
                found.setdefault(release, {}).setdefault(package, set()).update(own)
    return found


def _demand(fixes: _Fixes, wanted: frozenset[str], every: Iterable[_Gathered], where: str) -> None:
    lacking = sorted(wanted - fixes.keys())
    others = [name for each in every for name in each.others]
    seen = f"; it has, at least in part: {', '.join(others)}" if others else ""
    if lacking or not fixes:
        named = ", ".join(lacking) or "Debian or Ubuntu"
        raise refused("ecosystem_missing", where, f"it is not about {named} as a whole{seen}")


def _reduced(fixes: _Fixes, every: Sequence[_Gathered], published_at: str) -> Reduced:
    written: dict[str, Json] = {
        release: {name: [list(each) for each in sorted(held)] for name, held in packages.items()}
        for release, packages in fixes.items()
    }
    data = canonical.encode({"format": "osv.v1", "published_at": published_at, "ecosystems": written})
    entries = sum(len(held) for packages in fixes.values() for held in packages.values())
    odd = sum(each.odd for each in every)
    told = (
        f"{entries:,} fixes in {sum(each.count for each in every):,} advisories: {', '.join(sorted(written))}"
    )
    told += f"; {odd} left out, whose versions dpkg would not take" if odd else ""
    return Reduced("osv", published_at[:10], published_at, data, told)
