"""The enrolled hosts and what they observe: finding them, and what an administrator decides about a host.

Each decision is a log entry.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.errors import InputError
from config.settings import SUBJECTS_PER_OBSERVER_MAX
from server import adoption, verdicts
from server.admission import ACTIVE, QUARANTINED, REVOKED
from server.ledger import Entries

_COLUMNS = (
    "host_id, hostname, state, platform, role, serial, tags, enrolled_at, last_sequence, last_finished_at,"
    " last_received_at, clock_offset_ms, kind, CASE observer WHEN '' THEN host_id ELSE observer END"
)
# As the index says it, so that SQLite sees that it may use it.
_OBSERVED_BY = "observer=? AND NOT observer = ''"


@dataclass(frozen=True)
class Host:
    """An enrolled host, or a subject that one observes, and how its chain stands; empty times mean never."""

    host_id: str
    hostname: str
    state: str
    platform: str
    role: str
    serial: str
    tags: tuple[str, ...]
    enrolled_at: str
    last_sequence: int
    last_finished_at: str
    last_received_at: str
    clock_offset_ms: int | None
    kind: str
    observer: str
    """The host whose agent looks: the host itself, where nobody else does."""

    @property
    def is_observed(self) -> bool:
        """Another host speaks for it."""
        return self.observer != self.host_id


def listed(connection: sqlite3.Connection, after: str = "", limit: int = 100, search: str = "") -> list[Host]:
    """Return a page of hosts in the order of their ids, those after one id, whose name or id has a text in it."""
    sql = (
        f"SELECT {_COLUMNS} FROM host WHERE host_id > ? AND (instr(hostname, ?) OR instr(host_id, ?))"  # noqa: S608
        " ORDER BY host_id LIMIT ?"
    )
    return [_host(row) for row in connection.execute(sql, (after, search, search, limit))]


def every(connection: sqlite3.Connection) -> Iterator[Host]:
    """Yield all hosts in the order of their ids."""
    for row in connection.execute(f"SELECT {_COLUMNS} FROM host ORDER BY host_id"):  # noqa: S608
        yield _host(row)


def find(connection: sqlite3.Connection, name: str) -> Host:
    """Return a host by id, or by name where only one has it; InputError ``host_unknown`` or ``host_ambiguous``."""
    sql = f"SELECT {_COLUMNS} FROM host WHERE host_id=? OR hostname=? ORDER BY host_id=? DESC LIMIT 2"  # noqa: S608
    rows = connection.execute(sql, (name, name, name)).fetchall()
    if not rows:
        raise InputError("host_unknown", f"No host {name} is enrolled here.")
    if len(rows) > 1 and rows[0][0] != name:
        raise InputError("host_ambiguous", f"Several hosts are called {name}.", "Name one by its id.")
    return _host(rows[0])


def observed(connection: sqlite3.Connection, host_id: str) -> list[Host]:
    """Return what a host observes, in the order of their ids."""
    sql = f"SELECT {_COLUMNS} FROM host WHERE {_OBSERVED_BY} ORDER BY host_id"  # noqa: S608
    return [_host(row) for row in connection.execute(sql, (host_id,))]


def revoke(entries: Entries, name: str, reason: str) -> Host:
    """Stop trusting a host's keys for good; its verdicts leave the fleet's standing. Repeating it is an error."""
    found = _enrolled(entries.connection, name)
    if found.state == REVOKED:
        raise InputError("host_revoked", f"{found.hostname} was revoked before.")
    execute = entries.connection.execute
    keys = execute(
        "SELECT key_id FROM host_key WHERE host_id=? AND state=?", (found.host_id, ACTIVE)
    ).fetchall()
    for (key_id,) in keys:
        said = {"host_id": found.host_id, "key_id": key_id, "reason": reason, "revoked_at": entries.now}
        entries.say("revocation", [], said, found.host_id)
    execute("UPDATE host_key SET state=? WHERE host_id=?", (REVOKED, found.host_id))
    return _decided(entries, found, REVOKED)


def release(entries: Entries, name: str, reason: str) -> Host:
    """Listen to a quarantined host again, from the head of the chain that is held."""
    found = _enrolled(entries.connection, name)
    if found.state != QUARANTINED:
        raise InputError("host_not_quarantined", f"{found.hostname} is {found.state}.")
    said = {"host_id": found.host_id, "reason": reason, "released_at": entries.now}
    entries.say("release", [], said, found.host_id)
    return _decided(entries, found, ACTIVE)


def change_state(connection: sqlite3.Connection, host_id: str, before: str, after: str) -> None:
    """Write a host's new state and count it, and let what it observes have it; their verdicts are due then."""
    connection.execute("UPDATE host SET state=?, fresh_until='' WHERE host_id=?", (after, host_id))
    connection.execute(f"UPDATE host SET state=?, fresh_until='' WHERE {_OBSERVED_BY}", (after, host_id))  # noqa: S608
    count(connection, before, -1)
    count(connection, after, 1)


def observe(entries: Entries, subject_id: str, kind: str, observer: str) -> None:
    """Make the row of a subject that its observer tells of for the first time; InputError ``subjects_too_many``."""
    sql = f"SELECT count(*) FROM host WHERE {_OBSERVED_BY}"  # noqa: S608
    if entries.connection.execute(sql, (observer,)).fetchone()[0] >= SUBJECTS_PER_OBSERVER_MAX:
        hint = "Let another host observe the others."
        raise InputError("subjects_too_many", f"A host observes {SUBJECTS_PER_OBSERVER_MAX} at most.", hint)
    name = subject_id.rpartition("~")[2].partition(".")[2]
    add_row(entries, subject_id, name, ACTIVE, "", "", "[]", kind, observer)


def short_name(name: str) -> str:
    """Return a host's name as computers of a domain are looked up: lower case, to the first dot."""
    return name.lower().partition(".")[0]


def add_row(entries: Entries, *values: str) -> None:
    """Make the row of a host or a subject that nothing was heard of yet, with these first columns."""
    sql = (
        "INSERT INTO host (host_id, hostname, state, platform, serial, tags, kind, observer, short_name, enrolled_at,"
        " role, last_sequence, last_sha256, last_report_sha256, last_finished_at, last_observed_at, last_received_at,"
        " last_heard_at, sections_sha256, facts_until, fresh_from, fresh_until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, '', '', '', '', '', '', '', '', '', '')"
    )
    entries.connection.execute(sql, (*values, short_name(values[1]), entries.now))


def count(connection: sqlite3.Connection, state: str, more: int) -> None:
    """Move the number of hosts in a state, in the transaction that moves the hosts."""
    sql = (
        "INSERT INTO host_count (state, hosts) VALUES (?, ?)"
        " ON CONFLICT (state) DO UPDATE SET hosts=hosts+excluded.hosts"
    )
    connection.execute(sql, (state, more))


def _enrolled(connection: sqlite3.Connection, name: str) -> Host:
    found = find(connection, name)
    if found.is_observed:
        hint = "Its reports are believed as its observer's are; decide about that host."
        raise InputError("host_observed", f"{found.hostname} is observed by {found.observer}.", hint)
    return found


def _decided(entries: Entries, found: Host, state: str) -> Host:
    """Write the new state and judge at once: no page may show the host, or what it observes, as it was."""
    change_state(entries.connection, found.host_id, found.state, state)
    rules = adoption.rules(entries.connection)
    for each in (found, *observed(entries.connection, found.host_id)):
        verdicts.refresh(entries.connection, each.host_id, rules, entries.moment)
    return find(entries.connection, found.host_id)


def _host(row: Sequence[object]) -> Host:
    values = list(row)
    values[6] = tuple(json.loads(str(values[6])))
    return Host(*values)  # type: ignore[arg-type]
