"""The cache of verdicts: step 10 of admission. Derived from what is kept; dropping it loses nothing.

A host is *due* when its cached verdicts may no longer hold: a report came in, the rules changed, or time passed
(`freshness`). Whoever counts verdicts looks at due hosts first, so that none counts by what it was.
"""

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from config import canonical, envelope, feeds, rejudge, section, standing, statement
from config.evaluate import Evidence
from config.rejudge import Rules
from config.verdict import Verdict
from server import adoption, database, freshness
from server.admission import REVOKED
from server.ledger import kept_envelope

SWEEP_HOSTS = 32
# What makes a host due, at the moment `now`.
DUE = "(fresh_until <= :now OR fresh_from > :now)"
_REBUILD_HOSTS = 200  # a transaction; the server goes on in between
_COLUMNS = "check_id, answer, reason, detail, observed, expected, origin, sources, waived_by, counted_as"
Row = tuple[str, ...]
# As judging orders it: the rows are compared with themselves only, so they need no canonical form.
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def evidence(connection: sqlite3.Connection, host_id: str, report_sha256: str, moment: datetime) -> Evidence:
    """Return what a host is judged by: its last report, or nothing seen where none came yet."""
    if not report_sha256:
        return rejudge.evidence(host_id, None, (), moment)
    kept = kept_envelope(connection, report_sha256)
    assert kept is not None
    report = statement.decode(envelope.decode(kept).payload)
    bodies = kept_sections(connection, host_id, [each.sha256 for each in report.subjects])
    return rejudge.evidence(host_id, report, map(section.decode, bodies), moment)


def kept_sections(connection: sqlite3.Connection, host_id: str, digests: Iterable[str]) -> list[bytes]:
    """Return the exact bytes of a host's sections by their digests."""
    sql = "SELECT body FROM section WHERE host_id=? AND sha256 IN (SELECT value FROM json_each(?))"
    rows = connection.execute(sql, (host_id, json.dumps(list(digests)))).fetchall()
    return [zlib.decompress(body) for (body,) in rows]


def refresh(connection: sqlite3.Connection, host_id: str, rules: Rules, moment: datetime) -> int:
    """Judge a host and write the rows that changed, inside the caller's write transaction; return how many."""
    sql = "SELECT state, last_report_sha256 FROM host WHERE host_id=?"
    state, report_sha256 = connection.execute(sql, (host_id,)).fetchone()
    seen = evidence(connection, host_id, report_sha256, moment)
    wanted = {each.check: _row(each) for each in rejudge.verdicts(seen, state, rules, moment)}
    sql = f"SELECT {_COLUMNS} FROM verdict WHERE host_id=?"  # noqa: S608
    held: dict[str, Row] = {row[0]: row for row in connection.execute(sql, (host_id,))}
    changed = [row for check, row in wanted.items() if held.get(check) != row]
    gone = [row for check, row in held.items() if check not in wanted]
    _write(connection, host_id, changed, gone, canonical.encode_time(moment))
    replaced = [held[row[0]] for row in changed if row[0] in held]
    _count(connection, changed, [*gone, *replaced])
    facts_until = min(
        # The feeds' ages are facts like others: what rests on one turns unknown by itself once it is too old.
        freshness.facts_until(feeds.derive(seen, rules.feeds), rules.catalogue, rules.profile, moment),
        freshness.waivers_until(rules.waivers, moment),
    )
    fresh_until = facts_until
    if report_sha256:
        fresh_until = min(facts_until, freshness.report_until(seen.observed_at, moment))
    if state == REVOKED:
        fresh_until = freshness.NEVER
    sql = "UPDATE host SET facts_until=?, fresh_from=?, fresh_until=? WHERE host_id=?"
    connection.execute(sql, (facts_until, canonical.encode_time(moment), fresh_until, host_id))
    return len(changed) + len(gone)


def sweep(connection: sqlite3.Connection, moment: datetime, limit: int = SWEEP_HOSTS) -> int:
    """Judge hosts that are due, up to a limit, in one transaction; return how many there were."""
    if not due(connection, moment, 1):
        return 0
    with database.writing(connection):
        hosts = due(connection, moment, limit)
        rules = adoption.rules(connection)
        for host_id in hosts:
            refresh(connection, host_id, rules, moment)
    return len(hosts)


def renew(connection: sqlite3.Connection, host_id: str, moment: datetime) -> None:
    """Judge one host anew, in a transaction of its own, if its cached verdicts may not hold at the moment."""
    sql = f"SELECT 1 FROM host WHERE host_id=:host_id AND {DUE}"  # noqa: S608
    if connection.execute(sql, {"host_id": host_id, "now": canonical.encode_time(moment)}).fetchone():
        with database.writing(connection):
            refresh(connection, host_id, adoption.rules(connection), moment)


def due(connection: sqlite3.Connection, moment: datetime, limit: int) -> list[str]:
    """Return hosts whose cached verdicts may not hold at the moment, up to a limit, in no order."""
    sql = f"SELECT host_id FROM host WHERE {DUE} LIMIT :limit"  # noqa: S608
    values = {"now": canonical.encode_time(moment), "limit": limit}
    return [row[0] for row in connection.execute(sql, values)]


def rebuild(connection: sqlite3.Connection, moment: datetime) -> int:
    """Judge every host anew and count from nothing; return how many verdicts were not as they should be.

    What is right already keeps its `changed_at`, which is a convenience of the pages and nothing derived from it.
    """
    rules = adoption.rules(connection)
    hosts = [row[0] for row in connection.execute("SELECT host_id FROM host ORDER BY host_id").fetchall()]
    changed = 0
    for start in range(0, len(hosts), _REBUILD_HOSTS):
        with database.writing(connection):
            for host_id in hosts[start : start + _REBUILD_HOSTS]:
                changed += refresh(connection, host_id, rules, moment)
    with database.writing(connection):
        sql = "DELETE FROM verdict WHERE host_id NOT IN (SELECT host_id FROM host)"
        changed += connection.execute(sql).rowcount
        connection.execute("DELETE FROM verdict_count")
        sql = (
            "INSERT INTO verdict_count (check_id, counted_as, hosts)"
            " SELECT check_id, counted_as, count(*) FROM verdict GROUP BY check_id, counted_as"
        )
        connection.execute(sql)
    return changed


def _row(verdict: Verdict) -> Row:
    counted = next(iter(standing.counts([verdict])[verdict.check]))
    return (
        verdict.check,
        verdict.answer,
        verdict.reason,
        verdict.detail,
        _JSON.encode(verdict.observed),
        _JSON.encode(verdict.expected),
        verdict.origin,
        _JSON.encode(verdict.sources),
        verdict.waived_by or "",
        counted,
    )


def _write(
    connection: sqlite3.Connection, host_id: str, changed: list[Row], gone: list[Row], now: str
) -> None:
    sql = "DELETE FROM verdict WHERE host_id=? AND check_id=?"
    connection.executemany(sql, [(host_id, row[0]) for row in gone])
    # changed_at moves with the answer; another detail under the same answer is no change for a reader.
    sql = (
        f"INSERT INTO verdict (host_id, {_COLUMNS}, changed_at, judged_at)"  # noqa: S608
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (host_id, check_id) DO UPDATE SET changed_at="
        "CASE WHEN answer=excluded.answer THEN changed_at ELSE excluded.changed_at END,"
        " answer=excluded.answer, reason=excluded.reason, detail=excluded.detail, observed=excluded.observed,"
        " expected=excluded.expected, origin=excluded.origin, sources=excluded.sources,"
        " waived_by=excluded.waived_by, counted_as=excluded.counted_as, judged_at=excluded.judged_at"
    )
    connection.executemany(sql, [(host_id, *row, now, now) for row in changed])


def _count(connection: sqlite3.Connection, added: Iterable[Row], removed: Iterable[Row]) -> None:
    """Move the counts with the rows, in their transaction."""
    delta = Counter((row[0], row[-1]) for row in added)
    delta.subtract((row[0], row[-1]) for row in removed)
    sql = (
        "INSERT INTO verdict_count (check_id, counted_as, hosts) VALUES (?, ?, ?)"
        " ON CONFLICT (check_id, counted_as) DO UPDATE SET hosts=hosts+excluded.hosts"
    )
    rows = [(*key, count) for key, count in delta.items() if count]
    connection.executemany(sql, rows)
    if rows:
        connection.execute("DELETE FROM verdict_count WHERE hosts=0")
