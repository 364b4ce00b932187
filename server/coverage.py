"""How much of the fleet was seen: what a standing is worth. What enrolled hosts observe is not counted here."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import canonical
from config.settings import EVIDENCE_MAX_AGE_DAYS
from server.admission import ACTIVE, QUARANTINED, REVOKED
from server.verdicts import DUE

NIGHT_HOURS = 24
_EXPECTED = (ACTIVE, QUARANTINED)


@dataclass(frozen=True)
class Coverage:
    """How much of the fleet was seen. `expected` leaves out the revoked."""

    expected: int
    reported: int  # within the age at which evidence turns stale
    last_night: int  # of those, within the last NIGHT_HOURS
    missing: int  # reported once, but not lately
    never: int  # enrolled, nothing came yet
    quarantined: int
    revoked: int
    due: int  # not judged yet; they count as unknown


def coverage(connection: sqlite3.Connection, moment: datetime) -> Coverage:
    """Count the hosts by what was heard of them.

    The many that were heard of lately are never looked at: they are what is left of a kept number.
    """
    fresh = canonical.encode_time(moment - timedelta(days=EVIDENCE_MAX_AGE_DAYS))
    night = canonical.encode_time(moment - timedelta(hours=NIGHT_HOURS))
    counted: dict[str, int] = dict(connection.execute("SELECT state, hosts FROM host_count"))
    expected = sum(counted.get(state, 0) for state in _EXPECTED)
    never, silent, not_last_night = (_heard_before(connection, text) for text in ("!", fresh, night))
    # The plus keeps SQLite from walking all of the hosts' own index instead of the few that are due.
    sql = f"SELECT count(*) FROM host WHERE {DUE} AND +observer=''"  # noqa: S608
    due = connection.execute(sql, {"now": canonical.encode_time(moment)})
    return Coverage(
        expected,
        expected - silent,
        expected - not_last_night,
        silent - never,
        never,
        counted.get(QUARANTINED, 0),
        counted.get(REVOKED, 0),
        due.fetchone()[0],
    )


def _heard_before(connection: sqlite3.Connection, moment: str) -> int:
    """How many expected hosts were last heard of before a moment; the empty text, never, comes before all.

    The earlier of its clock and ours counts: neither a clock that runs ahead nor an old report that arrives late
    makes a silent host heard of.
    """
    sql = "SELECT count(*) FROM host WHERE state=? AND last_heard_at < ? AND observer=''"
    return sum(connection.execute(sql, (state, moment)).fetchone()[0] for state in _EXPECTED)
