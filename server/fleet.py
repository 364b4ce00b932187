"""What pages, API and commands show: the one place where each number comes from.

Every function takes a connection and a moment. Dataclasses come out; `as_json` gives their one JSON shape.
"""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from config import canonical, evaluate, feeds, standing
from config.canonical import Json
from config.criterion import Criterion
from config.errors import InputError
from config.rejudge import Rules
from config.standing import CriterionStanding, Standing
from server import adoption, expected, hosts, log, verdicts
from server.admission import REVOKED
from server.coverage import Coverage, coverage
from server.expected import ListedCounts
from server.hosts import Host
from server.verdicts import DUE

SWEEP_AT_READ_HOSTS = 100
PAGE_ROWS = 100


@dataclass(frozen=True)
class LogState:
    """The log's head, and when its newest entry came."""

    size: int
    root: str
    checkpoint: str
    newest_at: str


@dataclass(frozen=True)
class Overview:
    """The fleet's standing at a moment, and by which rules."""

    moment: str
    catalogue_version: str
    profile: str
    mfa_reading: str
    feeds: str
    """Those in force with their dates, in words."""
    standing: Standing
    coverage: Coverage
    listed: ListedCounts
    """The computers that directories expect."""
    log: LogState

    @property
    def wanted(self) -> int:
        """How many hosts should report: those that are enrolled, and the computers that have no agent yet."""
        return self.coverage.expected + self.listed.without_agent


@dataclass(frozen=True)
class VerdictRow:
    """One host's answer to one check."""

    host_id: str
    hostname: str
    check: str
    answer: str
    counted_as: str
    reason: str
    detail: str
    observed: Json
    expected: Json
    origin: str
    sources: tuple[str, ...]
    waived_by: str
    changed_at: str
    judged_at: str


@dataclass(frozen=True)
class FactRow:
    """One fact of a host: a value, or the reason why there is none."""

    name: str
    value: Json
    reason: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class HostView:
    """A host with its facts and verdicts, and its own standing."""

    host: Host
    chain_sha256: str
    facts: tuple[FactRow, ...]
    verdicts: tuple[VerdictRow, ...]
    standing: Standing


@dataclass(frozen=True)
class CriterionView:
    """A criterion: its text, and its standing over the fleet."""

    criterion: Criterion
    standing: CriterionStanding


@dataclass(frozen=True)
class Entry:
    """One entry of the log."""

    leaf_index: int
    kind: str
    host_id: str
    sequence: int | None
    sha256: str
    finished_at: str
    received_at: str


def overview(connection: sqlite3.Connection, moment: datetime) -> Overview:
    """Return where the fleet stands. Its cost does not grow with the fleet, but with the hosts that are due."""
    _judge_due(connection, moment)
    rules = adoption.rules(connection)
    return Overview(
        canonical.encode_time(moment),
        rules.catalogue.version,
        rules.profile.name,
        rules.mfa_reading,
        str(rules.feeds),
        _standing(connection, rules, moment),
        coverage(connection, moment),
        expected.listed(connection, rules, moment).counts,
        log_state(connection),
    )


def criteria(connection: sqlite3.Connection, moment: datetime) -> list[CriterionView]:
    """Return all criteria with their parts, checks and counts, in the catalogue's order."""
    _judge_due(connection, moment)
    rules = adoption.rules(connection)
    stands = _standing(connection, rules, moment)
    return [CriterionView(rules.catalogue.criteria[own.id], own) for own in stands.criteria]


def criterion(connection: sqlite3.Connection, criterion_id: str, moment: datetime) -> CriterionView:
    """Return one criterion; InputError ``not_found``."""
    found = [each for each in criteria(connection, moment) if each.criterion.id == criterion_id]
    if not found:
        raise InputError("not_found", f"The catalogue has no criterion {criterion_id[:80]}.")
    return found[0]


def check_hosts(
    connection: sqlite3.Connection,
    check: str,
    counted_as: str,
    moment: datetime,
    after: str = "",
    limit: int = PAGE_ROWS,
) -> list[VerdictRow]:
    """Return a page of the hosts whose answer to a check is counted so, in the order of their ids.

    A host whose verdicts no longer hold, and which could not be judged again yet, is on no page.
    """
    _judge_due(connection, moment)
    where = (
        f"v.check_id=:check AND v.counted_as=:counted AND v.host_id > :after AND NOT {DUE}"
        " ORDER BY v.host_id LIMIT :limit"
    )
    values: dict[str, str | int] = {"check": check, "counted": counted_as, "after": after, "limit": limit}
    return _verdict_rows(connection, where, {**values, **_now(moment)})


def host(connection: sqlite3.Connection, name: str, moment: datetime) -> HostView:
    """Return a host, by id or name, with facts and verdicts; InputError ``host_unknown`` or ``host_ambiguous``."""
    found = hosts.find(connection, name)
    with suppress(InputError):
        verdicts.renew(connection, found.host_id, moment)
    sql = "SELECT last_report_sha256, last_sha256 FROM host WHERE host_id=?"
    report, chain = connection.execute(sql, (found.host_id,)).fetchone()
    rules = adoption.rules(connection)
    seen = feeds.derive(verdicts.evidence(connection, found.host_id, report, moment), rules.feeds)
    # What could not be judged again shows no old verdict.
    where, values = f"v.host_id=:host_id AND NOT {DUE}", {"host_id": found.host_id, **_now(moment)}
    rows = {each.check: each for each in _verdict_rows(connection, where, values)}
    ordered = tuple(rows[check] for check in rules.catalogue.checks if check in rows)
    asked = [each.id for each in rules.catalogue.checks.values() if evaluate.asks(each, seen.platform)]
    judged = () if found.state == REVOKED else asked
    counted = {check: {rows[check].counted_as if check in rows else "unknown": 1} for check in judged}
    facts = [FactRow(name, value, "", seen.sources.get(name, ())) for name, value in seen.facts.items()]
    facts += [
        FactRow(name, None, reason, seen.sources.get(name, ())) for name, reason in seen.missing.items()
    ]
    stands = standing.roll_up(counted, rules.catalogue, rules.documents, moment, rules.mfa_reading)
    return HostView(found, chain, tuple(sorted(facts, key=lambda fact: fact.name)), ordered, stands)


def entries(connection: sqlite3.Connection, before: int | None = None, limit: int = PAGE_ROWS) -> list[Entry]:
    """Return a page of the log, the newest first, of entries before a leaf index."""
    sql = (
        "SELECT leaf_index, kind, host_id, sequence, sha256, finished_at, received_at FROM statement"
        " WHERE leaf_index < ? ORDER BY leaf_index DESC LIMIT ?"
    )
    return [Entry(*row) for row in connection.execute(sql, (1 << 62 if before is None else before, limit))]


def log_state(connection: sqlite3.Connection) -> LogState:
    """Return the log's head."""
    head = log.head(connection)
    sql = "SELECT received_at FROM statement WHERE leaf_index=?"
    newest = connection.execute(sql, (head.size - 1,)).fetchone()
    return LogState(head.size, head.root.hex(), head.note, newest[0] if newest else "")


def as_json(value: object) -> Json:
    """Return the JSON of anything that this module returns."""
    return json.loads(json.dumps(asdict(value)))  # type: ignore[call-overload, no-any-return]


def _judge_due(connection: sqlite3.Connection, moment: datetime) -> None:
    # A full disk must not take the pages away: what stays due counts as unknown.
    with suppress(InputError):
        verdicts.sweep(connection, moment, SWEEP_AT_READ_HOSTS)


def _standing(connection: sqlite3.Connection, rules: Rules, moment: datetime) -> Standing:
    counted = _counts(connection, rules, moment)
    return standing.roll_up(counted, rules.catalogue, rules.documents, moment, rules.mfa_reading)


def _counts(
    connection: sqlite3.Connection, rules: Rules, moment: datetime
) -> Mapping[str, Mapping[str, int]]:
    """Return the kept counts, with every host that is still due counted as unknown whatever its rows say."""
    counted: dict[str, dict[str, int]] = {check: {} for check in rules.catalogue.checks}
    for check, answer, count in connection.execute("SELECT check_id, counted_as, hosts FROM verdict_count"):
        if check in counted:
            counted[check][answer] = count
    sql = (
        "SELECT CASE last_report_sha256 WHEN '' THEN '' ELSE platform END, count(*) FROM host"  # noqa: S608
        f" WHERE {DUE} AND state <> 'revoked' GROUP BY 1"
    )
    due = dict(connection.execute(sql, _now(moment)).fetchall())
    sql = (
        "SELECT v.check_id, v.counted_as, count(*) FROM host h JOIN verdict v ON v.host_id = h.host_id"  # noqa: S608
        f" WHERE {DUE} GROUP BY v.check_id, v.counted_as"
    )
    for check, answer, count in connection.execute(sql, _now(moment)):
        if check in counted:
            counted[check][answer] -= count
    for check, own in counted.items():
        asked = (platform for platform in due if evaluate.asks(rules.catalogue.checks[check], platform))
        own["unknown"] = own.get("unknown", 0) + sum(due[platform] for platform in asked)
    return counted


def _now(moment: datetime) -> dict[str, str]:
    return {"now": canonical.encode_time(moment)}


def _verdict_rows(
    connection: sqlite3.Connection, where: str, values: Mapping[str, str | int]
) -> list[VerdictRow]:
    sql = (
        "SELECT v.host_id, h.hostname, v.check_id, v.answer, v.counted_as, v.reason, v.detail, v.observed,"  # noqa: S608
        " v.expected, v.origin, v.sources, v.waived_by, v.changed_at, v.judged_at"
        f" FROM verdict v JOIN host h ON h.host_id = v.host_id WHERE {where}"
    )
    rows = []
    for row in connection.execute(sql, values):
        columns = list(row)
        columns[7:11] = [json.loads(row[7]), json.loads(row[8]), row[9], tuple(json.loads(row[10]))]
        rows.append(VerdictRow(*columns))
    return rows
