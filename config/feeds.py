"""Joining what a host says with what feeds say: facts that no host can know by itself. Pure, as judging is.

Whatever a report says under the name of such a fact counts for nothing. Where a section is withheld, what rests
on it is neither there nor missing, as its own facts are.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from config import deb_version, fact_types
from config.canonical import Json
from config.deb_version import Key
from config.evaluate import Evidence
from config.feed import CVE, NAMES, Feed, Feeds, read
from config.settings import NAMED_MAX, PENDING_MAX
from config.wording import few

__all__ = ["FACTS", "NAMES", "Derived", "Feed", "Feeds", "derive", "read"]

_Fixes: TypeAlias = tuple[list[Key], list[list[str]]]


class Derived(NamedTuple):
    """A fact that is joined here: its type, its meaning, and the facts of the host that it rests on."""

    type: str
    meaning: str
    inputs: tuple[str, ...] = ()


_SUPPORT = ("os.id", "os.version", "os.support_ends_on")
_DATE = fact_types.parse("date")
_APART_MAX = timedelta(days=92)
_UPDATES = ("updates.pending_security", "os.id", "os.version")
_PENDING = fact_types.parse(
    "records{name: str, source_package: str?, installed: str, available: str, advisories: list[str]}"
)
# Debian signs kernels in a source package of their own, with the versions of the one that is fixed.
_SIGNED = re.compile(r"(?<=^linux)-signed-[a-z0-9]+$")
_REBUILT = re.compile(r"\+b[0-9]+$")
_FIXES: WeakKeyDictionary[Feeds, dict[tuple[str, str], _Fixes]] = WeakKeyDictionary()
FACTS: Mapping[str, Derived] = {
    "feeds.kev_published_at": Derived("time", "when the list of exploited holes in force was published"),
    "feeds.osv_published_at": Derived("time", "when the list of fixed versions in force was published"),
    "feeds.eol_published_at": Derived("time", "when the list of ends of support in force was published"),
    "os.security_support_ends_on": Derived(
        "date",
        "the last day of security updates that nobody pays extra for: by the feed where it knows the release, "
        "up to a quarter later if the host says so, else as the host has it",
        _SUPPORT,
    ),
    "updates.exploited_judged_by": Derived(
        "records{name: str, published_at: time}",
        "the feeds that updates.known_exploited rests on; none where no update waits",
        _UPDATES,
    ),
    "updates.known_exploited": Derived(
        "records{name: str, installed: str, available: str, cve: str, known_since: date, due_on: date?}",
        "security updates not installed that close a hole which is known to be exploited, the first due first",
        _UPDATES,
    ),
}


class _Found(NamedTuple):
    """A fact: its value, or else the reason why it is missing, and its sources."""

    value: Json
    reason: str
    sources: tuple[str, ...]


def derive(evidence: Evidence, feeds: Feeds) -> Evidence:
    """The evidence with the facts of FACTS, whatever of them it held before."""
    facts = {name: value for name, value in evidence.facts.items() if name not in FACTS}
    missing = {name: reason for name, reason in evidence.missing.items() if name not in FACTS}
    sources = {name: where for name, where in evidence.sources.items() if name not in FACTS}
    seen = replace(evidence, facts=facts, missing=missing, sources=sources)
    found = {f"feeds.{name}_published_at": _published(name, feeds) for name in NAMES}
    if all(name in facts or name in missing for name in _SUPPORT):
        found["os.security_support_ends_on"] = _support(seen, feeds)
    if all(name in facts or name in missing for name in _UPDATES):
        judged_by, found["updates.known_exploited"] = _exploited(seen, feeds)
        found["updates.exploited_judged_by"] = judged_by
    return replace(
        seen,
        facts=facts | {name: one.value for name, one in found.items() if not one.reason},
        missing=missing | {name: one.reason for name, one in found.items() if one.reason},
        sources=sources | {name: one.sources for name, one in found.items()},
    )


def _published(name: str, feeds: Feeds) -> _Found:
    feed: Feed | None = getattr(feeds, name)
    return _Found(feed.published_at, "", (feed.source,)) if feed else _Found(None, "not_found", _none(name))


def _none(name: str) -> tuple[str, ...]:
    return (f"no feed {name} (boltseal-server feed import)",)


def _support(seen: Evidence, feeds: Feeds) -> _Found:
    """By the release, or the line of releases that it belongs to: 8.10 is an 8.

    Of some releases the feed knows the month alone, and the makers' own lists tell of another day in the next one:
    of two days that are as near as that the later counts, so that no host is said to be without updates that gets
    them. A host's own word that lies further off counts for nothing.
    """
    system, version, own = (seen.facts.get(name) for name in _SUPPORT)
    where = seen.sources.get(_SUPPORT[2], ())
    if feeds.eol and isinstance(system, str) and isinstance(version, str):
        releases, parts = feeds.eol.data.get(system, {}), version.split(".")
        known = next((each for each in (version, ".".join(parts[:2]), parts[0]) if each in releases), "")
        # Where no end is announced, the host may carry a newer word than the feed.
        if releases.get(known) is not None:
            places = (place for name in _SUPPORT[:2] for place in seen.sources.get(name, ()))
            told = (feeds.eol.source, *dict.fromkeys(places))
            if _a_little_later(own, releases[known]):
                return _Found(own, "", (*told, *where))
            return _Found(releases[known], "", told)
    return _Found(own, seen.missing.get(_SUPPORT[2], ""), where)


def _a_little_later(own: Any, told: Any) -> bool:
    if not _DATE.accepts(own):
        return False
    later = date.fromisoformat(str(own)) - date.fromisoformat(str(told))
    return timedelta(0) < later <= _APART_MAX


def _exploited(seen: Evidence, feeds: Feeds) -> tuple[_Found, _Found]:
    """What `updates.exploited_judged_by` and `updates.known_exploited` are.

    A match is one whatever else is not known. That there is none needs every waiting update to be told of.
    """
    pending: Any = seen.facts.get(_UPDATES[0])
    reason, where = seen.missing.get(_UPDATES[0], ""), seen.sources.get(_UPDATES[0], ())
    if not reason and not _PENDING.accepts(pending):
        reason = "malformed"
    if reason or not pending:
        return _Found([], reason, where), _Found([], reason, where)
    if feeds.kev is None:
        gone = _Found(None, "not_found", (*_none("kev"), *where))
        return gone, gone
    joined = _join(pending[:PENDING_MAX], _ecosystems(seen), feeds)
    used = [feeds.kev] + ([feeds.osv] if feeds.osv and joined.by_osv else [])
    names = [each.source for each in used]
    if joined.by_osv:
        names += [*(() if feeds.osv else _none("osv")), *seen.sources.get("os.version", ())]
    told: list[Json] = [{"name": each.name, "published_at": each.published_at} for each in used]
    judged_by = _Found(told, "", (*names, *where))
    if joined.untold and not joined.rows:
        untold = (
            f"nothing tells which holes are closed by {few(joined.untold[:NAMED_MAX], len(joined.untold))}"
        )
        return judged_by, _Found(None, "not_found", (untold, *names, *where))
    if len(pending) > PENDING_MAX and not joined.rows:
        return judged_by, _Found(None, "too_large", (*names, *where))
    return judged_by, _Found(joined.rows, "", (*names, *where))


class _Joined(NamedTuple):
    rows: list[Json]
    untold: list[str]
    """Updates of which nobody says which holes they close."""
    by_osv: bool
    """Whether the answer rests on fixed versions, and not on identifiers alone."""


def _join(pending: list[dict[str, Any]], ecosystems: tuple[str, ...], feeds: Feeds) -> _Joined:
    exploited: Mapping[str, Any] = feeds.kev.data if feeds.kev else {}
    rows: list[dict[str, Json]] = []
    untold, by_osv = [], False
    for update in pending:
        if len(rows) >= PENDING_MAX:
            break  # no host has so many, and the answer stands
        named = [each for each in update["advisories"] if CVE.fullmatch(each)]
        fixed, is_told = _fixed(update, ecosystems, feeds)
        by_osv = by_osv or bool(fixed) or not named
        if not named and not is_told:
            untold.append(update["name"][:64])
        for cve in dict.fromkeys([*named, *fixed]):
            if hole := exploited.get(cve):
                row = {each: update[each] for each in ("name", "installed", "available")}
                rows.append({**row, "cve": cve, "known_since": hole["added_on"], "due_on": hole["due_on"]})
    rows.sort(key=lambda row: (row["due_on"] or row["known_since"], *map(str, row.values())))
    return _Joined([*rows], untold, by_osv)


def _fixed(update: Mapping[str, Any], ecosystems: tuple[str, ...], feeds: Feeds) -> tuple[list[str], bool]:
    """Exploited holes that are fixed after the installed version, up to the available one, by OSV.

    And whether OSV has heard of the available one: of a newer one nobody knows what else it closes.
    """
    package, is_told, cves = update.get("source_package"), False, []
    installed, available = deb_version.key(update["installed"]), deb_version.key(update["available"])
    if package is None or installed is None or available is None:
        return [], False
    # A rebuild without a change has a suffix, and before it the version of its source.
    source = deb_version.key(_REBUILT.sub("", update["available"]))
    for ecosystem in ecosystems:
        versions, exploited = _fixes(ecosystem, _SIGNED.sub("", package), feeds)
        first, last = bisect_right(versions, installed), bisect_right(versions, available)
        cves += [cve for each in exploited[first:last] for cve in each]
        is_told = is_told or (first < last and versions[last - 1] in (available, source))
    return cves, is_told


def _fixes(ecosystem: str, package: str, feeds: Feeds) -> _Fixes:
    """The versions of a source package that fixed holes, in their order, and the exploited holes of each.

    No host can make what is kept grow: only packages are that OSV has, and only their exploited holes.
    """
    held = _FIXES.setdefault(feeds, {})
    entries = feeds.osv.data.get(ecosystem, {}).get(package, ()) if feeds.osv else ()
    if entries and (ecosystem, package) not in held:
        exploited: Mapping[str, Any] = feeds.kev.data if feeds.kev else {}
        by_version: dict[Key, list[str]] = {}
        for cve, version in entries:
            order = deb_version.key(version)
            assert order is not None  # reading the feed has proven it
            by_version.setdefault(order, []).extend([cve] if cve in exploited else [])
        held[ecosystem, package] = sorted(by_version), [by_version[each] for each in sorted(by_version)]
    return held.get((ecosystem, package), ([], []))


def _ecosystems(seen: Evidence) -> tuple[str, ...]:
    """What OSV calls the releases that a host gets its packages from."""
    system, version = seen.facts.get("os.id"), seen.facts.get("os.version")
    if system == "debian":
        return (f"Debian:{version}",)
    if system == "ubuntu":
        return (f"Ubuntu:{version}:LTS", f"Ubuntu:{version}", f"Ubuntu:Pro:{version}:LTS")
    return ()
