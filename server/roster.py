"""Hosts as lists show them: paged, filtered, each with how its checks stand; and the sections behind a host."""

import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import canonical, envelope, statement
from config.errors import InputError
from config.settings import EVIDENCE_MAX_AGE_DAYS
from server import fleet, hosts, ledger
from server.coverage import NIGHT_HOURS
from server.hosts import Host
from server.verdicts import DUE

_ENROLLED = "observer = ''"
_EXPECTED = f"state <> 'revoked' AND {_ENROLLED}"
HEARD: Mapping[str, str] = {
    "last_night": f"{_EXPECTED} AND last_heard_at >= :night",
    "missing": f"{_EXPECTED} AND last_heard_at <> '' AND last_heard_at < :fresh",
    "never": f"{_EXPECTED} AND last_heard_at = ''",
    "quarantined": f"state = 'quarantined' AND {_ENROLLED}",
    "revoked": f"state = 'revoked' AND {_ENROLLED}",
    "observed": "observer <> ''",
}
"""What was heard of an enrolled host, in the words of `fleet.Coverage`; or what hosts observe."""


@dataclass(frozen=True)
class HostRow:
    """A host and how many checks stand how for it."""

    host: Host
    passed: int
    failed: int
    unknown: int
    stale: int

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The counts as lists show them, the worst first."""
        return self.failed, self.unknown, self.stale, self.passed


@dataclass(frozen=True)
class SectionRow:
    """A section that a host's latest report names."""

    collector: str
    sha256: str


def page(
    connection: sqlite3.Connection,
    moment: datetime,
    search: str = "",
    heard: str = "",
    after: str = "",
    limit: int = fleet.PAGE_ROWS,
) -> list[HostRow]:
    """Return a page of hosts after an id.

    Args:
        connection: for reading.
        moment: now.
        search: a text in their names or ids.
        heard: one of `HEARD`, or empty for all.
        after: the id that the page begins after.
        limit: how many at most.
    """
    sql = (
        "SELECT host_id FROM host WHERE host_id > :after AND (instr(hostname, :search) OR instr(host_id, :search))"  # noqa: S608
        f" AND {HEARD.get(heard, '1')} ORDER BY host_id LIMIT :limit"
    )
    values = {
        "after": after,
        "search": search,
        "limit": limit,
        "night": canonical.encode_time(moment - timedelta(hours=NIGHT_HOURS)),
        "fresh": canonical.encode_time(moment - timedelta(days=EVIDENCE_MAX_AGE_DAYS)),
    }
    found = connection.execute(sql, values).fetchall()
    return [_row(connection, hosts.find(connection, host_id), moment) for (host_id,) in found]


def sections(connection: sqlite3.Connection, host_id: str) -> list[SectionRow]:
    """Return the sections that a host's latest report names; none where no report came yet."""
    sql = "SELECT last_report_sha256 FROM host WHERE host_id=?"
    row = connection.execute(sql, (host_id,)).fetchone()
    kept = ledger.kept_envelope(connection, row[0]) if row and row[0] else None
    if kept is None:
        return []
    report = statement.decode(envelope.decode(kept).payload)
    return [SectionRow(each.name, each.sha256) for each in report.subjects]


def section_bytes(connection: sqlite3.Connection, host_id: str, sha256: str) -> bytes:
    """Return a section's canonical bytes as its host sent them; InputError ``not_found``."""
    sql = "SELECT body FROM section WHERE host_id=? AND sha256=?"
    row = connection.execute(sql, (host_id, sha256)).fetchone()
    if row is None:
        raise InputError("not_found", "This host has no such section.")
    return zlib.decompress(row[0])


def _row(connection: sqlite3.Connection, host: Host, moment: datetime) -> HostRow:
    """The host with its counts; whatever its cached verdicts say, they are unknown once they may not hold."""
    sql = (
        f"SELECT CASE WHEN {DUE} THEN 'unknown' ELSE v.counted_as END AS counted, count(*)"  # noqa: S608
        " FROM verdict v JOIN host h ON h.host_id = v.host_id WHERE v.host_id=:host_id GROUP BY counted"
    )
    values = {"now": canonical.encode_time(moment), "host_id": host.host_id}
    counted = dict(connection.execute(sql, values).fetchall())
    return HostRow(host, *(counted.get(answer, 0) for answer in ("pass", "fail", "unknown", "stale")))
