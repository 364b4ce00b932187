"""The computers that are to be expected: those of the directories, and which of them an agent covers.

A directory's computer is expected if it is enabled and was seen within the profile's `directory_dormant_days_max`
before the directory was looked at. Which host is which computer, `covering` tells.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from config import canonical
from config.rejudge import Rules
from server import covering, hosts, latest, ordered
from server.covering import ANSWERS, IN_DOUBT, WITHOUT_AGENT
from server.latest import Source

FACT = "directory.computers"
THRESHOLD = "directory_dormant_days_max"


@dataclass(frozen=True)
class Directory:
    """A directory, and how many computers it knows."""

    host_id: str
    name: str
    observed_at: str
    problem: str
    """Empty, or why its computers are not known: a reason, or that its word is old, in quarantine or never came."""
    computers: int
    expected: int
    disabled: int
    dormant: int


@dataclass(frozen=True)
class ListedCounts:
    """How many directories there are, of how many the computers are not known, and how the others' computers stand."""

    directories: int
    unknown_directories: int
    computers: int
    answers: Mapping[str, int]

    @property
    def without_agent(self) -> int:
        """Computers that no agent covers and that nobody observes."""
        return self.answers[WITHOUT_AGENT]

    @property
    def in_doubt(self) -> int:
        """Computers of which nobody can tell which host they are."""
        return self.answers[IN_DOUBT]


@dataclass(frozen=True)
class Match:
    """A host that has, or may have, a computer's name."""

    host_id: str
    hostname: str


@dataclass(frozen=True)
class Computer:
    """A computer that a directory expects."""

    name: str
    dns_name: str
    system: str
    controller: bool
    last_seen_at: str
    """By the directory."""
    directory_id: str
    directory: str
    observed_at: str
    """When the directory was looked at."""
    answer: str
    why: str
    hosts: tuple[Match, ...]

    @property
    def key(self) -> str:
        """Its place in the list: the answers in their order, then by name."""
        place = str([*ANSWERS].index(self.answer))
        return ordered.key(place, self.dns_name or self.name, self.name, self.directory_id)


@dataclass(frozen=True)
class Listed:
    """The directories, and the computers that they expect, in the order of their keys."""

    directories: tuple[Directory, ...]
    computers: tuple[Computer, ...]
    dormant_days_max: int

    @property
    def counts(self) -> ListedCounts:
        """How the computers stand, in numbers."""
        counted = Counter(each.answer for each in self.computers)
        unknown = sum(bool(each.problem) for each in self.directories)
        answers = {answer: counted[answer] for answer in ANSWERS}
        return ListedCounts(len(self.directories), unknown, len(self.computers), answers)


class _Told(NamedTuple):
    source: Source
    fields: Mapping[str, Any]
    name: str
    dns: str

    @property
    def shorts(self) -> frozenset[str]:
        """The account's name is cut after 15 letters, so both count."""
        return frozenset({self.name, hosts.short_name(self.dns)} - {""})


def listed(connection: sqlite3.Connection, rules: Rules, moment: datetime) -> Listed:
    """Return what the directories expect. Its cost grows with them, not with the fleet."""
    days = rules.profile.thresholds[THRESHOLD].value
    assert isinstance(days, int)
    directories: list[Directory] = []
    every: list[_Told] = []
    wanted: dict[tuple[str, str], _Told] = {}
    for source in latest.sources(connection, "directory", moment):
        if source.platform == "openldap":  # it has no notion of computers
            continue
        told = latest.told(connection, source, [FACT])
        problem = source.doubt or told.missing.get(FACT, "")
        known = [] if problem else [_told(source, each) for each in told.values[FACT]]
        enabled = [each for each in known if each.fields["enabled"]]
        awake = [each for each in enabled if not _is_dormant(each, days)]
        numbers = (len(known), len(awake), len(known) - len(enabled), len(enabled) - len(awake))
        directories.append(Directory(source.host_id, source.name, source.observed_at, problem, *numbers))
        every += known
        for each in awake:  # of two that look at the same directory the later one is shown
            key = (each.dns, "") if each.dns else (each.name, source.host_id)
            if key not in wanted or wanted[key].source.observed_at < source.observed_at:
                wanted[key] = each
    found = sorted(_joined(connection, every, wanted.values(), moment), key=lambda each: each.key)
    return Listed(tuple(directories), tuple(found), days)


def _told(source: Source, fields: Mapping[str, Any]) -> _Told:
    return _Told(source, fields, fields["name"].lower(), (fields.get("dns_name") or "").lower().rstrip("."))


def _is_dormant(computer: _Told, days: int) -> bool:
    """Not seen for long when the directory was looked at: by its own times, so that it grows no older here."""
    looked = canonical.decode_time(computer.source.observed_at)
    return looked - canonical.decode_time(computer.fields["last_seen_at"]) > timedelta(days=days)


def _joined(
    connection: sqlite3.Connection, every: Iterable[_Told], wanted: Iterable[_Told], moment: datetime
) -> Iterator[Computer]:
    """Each computer with its hosts. What is disabled or dormant is expected no more, but may be whom a name means."""
    known = {(each.dns or each.name, each.shorts) for each in every}
    meant = Counter(short for _, shorts in known for short in shorts)
    by_short = covering.by_short_name(connection, meant)
    for each in wanted:
        fields = each.fields
        candidates = [row for short in sorted(each.shorts) for row in by_short.get(short, ())]
        answer, why, matched = covering.answer(each.dns, [*dict.fromkeys(candidates)], meant, moment)
        yield Computer(
            fields["name"],
            fields.get("dns_name") or "",
            fields.get("system") or "",
            fields["controller"],
            fields["last_seen_at"],
            each.source.host_id,
            each.source.name,
            each.source.observed_at,
            answer,
            why,
            tuple(Match(row.host_id, row.hostname) for row in matched),
        )
