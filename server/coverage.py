"""How much of the fleet was seen: what a standing is worth."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import canonical
from config.settings import EVIDENCE_MAX_AGE_DAYS
from server.admission import QUARANTINED, REVOKED
from server.verdicts import DUE

NIGHT_HOURS = 24


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
    """Count the hosts by what was heard of them."""
    fresh = canonical.encode_time(moment - timedelta(days=EVIDENCE_MAX_AGE_DAYS))
    night = canonical.encode_time(moment - timedelta(hours=NIGHT_HOURS))
    sql = (
        "SELECT state, count(*), sum(last_finished_at >= ?), sum(last_finished_at >= ?), sum(last_finished_at='')"
        " FROM host GROUP BY state"
    )
    rows = {state: counted for state, *counted in connection.execute(sql, (fresh, night))}
    revoked = rows.pop(REVOKED, [0])[0]
    columns = zip(*rows.values(), strict=True) if rows else [[0]] * 4
    expected, reported, last_night, never = (sum(column) for column in columns)
    quarantined = rows.get(QUARANTINED, [0])[0]
    due = connection.execute(f"SELECT count(*) FROM host WHERE {DUE}", {"now": canonical.encode_time(moment)})  # noqa: S608
    missing = expected - reported - never
    return Coverage(expected, reported, last_night, missing, never, quarantined, revoked, due.fetchone()[0])
