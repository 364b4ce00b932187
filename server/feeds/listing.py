"""The feeds as pages, API and commands show them: what is in force, how old it is, and whether that is too old."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from config import canonical
from config.criterion import Clause
from config.feed import NAMES
from config.rejudge import Rules
from server import adoption
from server.feeds import adopted

TITLES = {
    "kev": "CISA's known exploited vulnerabilities",
    "osv": "OSV: which version closes which hole",
    "eol": "endoflife.date: ends of support",
}
NONE, FRESH, TOO_OLD, UNLIMITED = "none", "fresh", "too_old", "unlimited"


@dataclass(frozen=True)
class FeedRow:
    """A feed in force; where there is none, its texts are empty and its numbers null."""

    name: str
    title: str
    state: str
    """none, fresh, too_old; unlimited where no check asks for its age."""
    version: str
    published_at: str
    age_days: int | None
    max_age_days: int | None
    """The least age at which a check calls it too old; null where none does."""
    sha256: str
    source_sha256: str
    leaf_index: int | None
    adopted_at: str

    @property
    def next_index(self) -> int:
        """The log entry that a page which begins with this one ends before."""
        return (self.leaf_index or 0) + 1


def listed(connection: sqlite3.Connection, moment: datetime) -> list[FeedRow]:
    """Return a row for each name that a feed can have."""
    rules = adoption.rules(connection)
    held = adopted.newest(connection)
    return [_row(name, held.get(name), max_age_days(rules, name), moment) for name in NAMES]


def max_age_days(rules: Rules, name: str) -> int | None:
    """Return after how many days the first check calls a feed too old."""
    found = [
        rules.profile.thresholds[clause.parameter].value if clause.parameter else clause.expected
        for check in rules.catalogue.checks.values()
        for clause in check.clauses
        if clause.operator == "within_days" and _is_about(clause, name)
    ]
    return min((days for days in found if isinstance(days, int)), default=None)


def _is_about(clause: Clause, name: str) -> bool:
    """Whether a clause asks for a feed's age, or for that of the feeds that an answer rests on."""
    chosen = [each.expected for each in clause.where if each.field == "name"]
    return clause.fact == f"feeds.{name}_published_at" or (clause.field == "published_at" and name in chosen)


def _row(name: str, own: adopted.Adopted | None, limit: int | None, moment: datetime) -> FeedRow:
    if own is None:
        return FeedRow(name, TITLES[name], NONE, "", "", None, limit, "", "", None, "")
    age = (moment - canonical.decode_time(own.published_at)).total_seconds()
    state = UNLIMITED if limit is None else TOO_OLD if age > limit * 86400 else FRESH
    told = own.said.predicate
    return FeedRow(
        name,
        TITLES[name],
        state,
        str(told["version"]),
        own.published_at,
        max(0, int(age // 86400)),
        limit,
        own.sha256,
        str(told["source_sha256"]),
        own.leaf_index,
        str(told["adopted_at"]),
    )
