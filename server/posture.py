"""The overview as every interface shows it: the fleet's standing with what to do next, in the criteria's order."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from config.standing import STATUSES, CriterionStanding
from server import adoption, exploited, fleet, kinds
from server.exploited import Exploited
from server.fleet import Overview
from server.steps import Step, next_step

FUNCTIONS = ("govern", "identify", "protect", "detect", "respond", "recover")


@dataclass(frozen=True)
class Row:
    """A criterion in the overview."""

    standing: CriterionStanding
    functions: tuple[str, ...]
    next: Step | None


@dataclass(frozen=True)
class Tally:
    """How many criteria of one level there are, how many are met, and how many do not apply."""

    level: str
    total: int
    met: int
    not_applicable: int
    statuses: dict[str, int]


@dataclass(frozen=True)
class Posture:
    """The overview and its rows. Musts and shoulds are counted apart and never added up."""

    overview: Overview
    profile_title: str
    musts: Tally
    shoulds: Tally
    rows: tuple[Row, ...]
    exploited: Exploited
    """What comes before all rows."""


def posture(connection: sqlite3.Connection, moment: datetime) -> Posture:
    """Return where the fleet stands and what to do next."""
    seen = fleet.overview(connection, moment)
    rules = adoption.rules(connection)
    called = kinds.called(connection, moment)
    rows = tuple(
        Row(one, rules.catalogue.criteria[one.id].functions, next_step(one, seen.coverage.expected, called))
        for one in seen.standing.criteria
    )
    first = exploited.of_fleet(connection, rules, seen.standing, moment)
    return Posture(seen, rules.profile.title, tally(rows, "must"), tally(rows, "should"), rows, first)


def tally(rows: tuple[Row, ...], level: str) -> Tally:
    """Count the criteria of a level."""
    own = [row.standing.status for row in rows if row.standing.level == level]
    statuses = {status: own.count(status) for status in STATUSES}
    return Tally(level, len(own), statuses["met"], statuses["not_applicable"], statuses)
