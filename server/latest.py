"""What subjects said last, of a few facts: what is read where several subjects are looked at together.

Verdicts stay each subject's own. What is joined here changes none of them, so it need not be derived by an auditor;
every value that is shown names the subject and the time that it comes from.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from config import canonical, envelope, section, shipped, statement
from server import freshness, verdicts
from server.admission import QUARANTINED, REVOKED
from server.ledger import kept_envelope

NEVER, STALE = "never", "stale"
FACTS = frozenset(
    {
        "directory.computers",
        "exposure.hosts_seen",
        "exposure.known_devices",
        "exposure.known_list_made_at",
        "exposure.known_list_sha256",
        "exposure.owner",
        "exposure.scanned_range",
        "exposure.services",
        "exposure.unknown_devices",
        "host.domain_joined",
        "host.hardware_addresses",
        "login_paths.users",
        "tenant.demand_gaps",
        "tenant.mfa_demanded_for_all",
        "tenant.users",
    }
)
"""All that is ever asked for here, so that no more of a section is kept in memory."""
SUBJECTS = tuple(sorted({name.partition(".")[0] for name in FACTS}))
REMEMBERED_MAX_BYTES = 16 * 1024 * 1024
"""Of sections as they came, and of reports; read, they take some five times as much."""
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Source:
    """A subject, and whether what it said last still counts."""

    host_id: str
    name: str
    kind: str
    platform: str
    observer: str
    """Empty where an agent speaks for its own host."""
    report_sha256: str
    observed_at: str
    """When it was looked at; empty where no report came yet."""
    doubt: str
    """Empty, or why its word does not count: never, stale, quarantined."""

    @property
    def denied(self) -> str:
        """Empty, or why not even what lasts may be taken from it: hardware stays the company's, however old."""
        return self.doubt if self.doubt != STALE else ""


@dataclass(frozen=True)
class Told:
    """Facts of one subject's report: values that have the declared type, and why there is none of the others."""

    values: Mapping[str, Any]
    missing: Mapping[str, str]


def sources(connection: sqlite3.Connection, kind: str, moment: datetime) -> list[Source]:
    """Return the subjects of a kind that are not revoked, in the order of their ids."""
    # Hosts are many; of what they observe an index knows, which SQLite sees only in the index's own words.
    where = "" if kind == "host" else "INDEXED BY host_observer WHERE NOT observer = '' AND"
    sql = (
        "SELECT host_id, hostname, kind, platform, observer, last_report_sha256, last_observed_at, state FROM host"  # noqa: S608
        f" {where or 'WHERE'} kind=? AND state <> ? ORDER BY host_id"
    )
    rows = connection.execute(sql, (kind, REVOKED)).fetchall()
    return [Source(*row) for row in ((*row[:7], _doubt(row[6], row[7], moment)) for row in rows)]


def told(connection: sqlite3.Connection, source: Source, names: Sequence[str]) -> Told:
    """Return facts of what a subject said last, whether or not it still counts."""
    return of_report(connection, source.host_id, source.report_sha256, names)


def of_report(connection: sqlite3.Connection, host_id: str, report_sha256: str, names: Sequence[str]) -> Told:
    """Return facts of one report, by the rules of judging: told twice, or of another type, is not told.

    They are looked for in the sections of their subjects' collectors, `directory.…` in `directory` and `directory_ad`.
    """
    values: dict[str, Any] = {}
    missing: dict[str, str] = {}
    wanted = {name.partition(".")[0] for name in names}
    for collector, sha256 in _named(connection, report_sha256) if report_sha256 else ():
        if any(collector == each or collector.startswith(f"{each}_") for each in wanted):
            for name, (value, reason) in _section(connection, host_id, sha256).items():
                if name in names:
                    values[name], missing[name] = value, "malformed" if name in missing else reason
    return Told(
        {name: value for name, value in values.items() if not missing[name]},
        {name: missing.get(name, "not_collected") for name in names if missing.get(name, "-")},
    )


def _doubt(observed_at: str, state: str, moment: datetime) -> str:
    if state == QUARANTINED:
        return QUARANTINED
    if not observed_at:
        return NEVER
    return "" if freshness.is_fresh(canonical.decode_time(observed_at), moment) else STALE


class Memory(Generic[_Value]):
    """What was read under a digest, which names its content, so that it stays right; the oldest are forgotten first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, tuple[_Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def recall(self, key: str, read: Callable[[], tuple[_Value, int]]) -> _Value:
        """Return what is kept, or what is read now: a value, and how many bytes it was read from."""
        with self._lock:
            if key in self._kept:
                return self._kept[key][0]
        value, size = read()  # two threads may both read it; they come to the same
        with self._lock:
            if key not in self._kept:
                self._kept[key] = (value, size)
                self._bytes += size
            while self._bytes > self._max_bytes:
                self._bytes -= self._kept.popitem(last=False)[1][1]
        return value


_sections: Memory[Mapping[str, tuple[Any, str]]] = Memory(REMEMBERED_MAX_BYTES)
_reports: Memory[tuple[tuple[str, str], ...]] = Memory(REMEMBERED_MAX_BYTES)


def _named(connection: sqlite3.Connection, report_sha256: str) -> tuple[tuple[str, str], ...]:
    """The sections that a report names: collector and digest."""

    def read() -> tuple[tuple[tuple[str, str], ...], int]:
        kept = kept_envelope(connection, report_sha256)
        assert kept is not None
        said = statement.decode(envelope.decode(kept).payload)
        return tuple(
            (each.name, each.sha256) for each in said.subjects if each.name.startswith(SUBJECTS)
        ), len(kept)

    return _reports.recall(report_sha256, read)


def _section(connection: sqlite3.Connection, host_id: str, sha256: str) -> Mapping[str, tuple[Any, str]]:
    """The facts of `FACTS` in a section: a value, or the reason why there is none."""

    def read() -> tuple[Mapping[str, tuple[Any, str]], int]:
        types = shipped.catalogue().facts
        found: dict[str, tuple[Any, str]] = {}
        bodies = verdicts.kept_sections(connection, host_id, [sha256])  # one, where the database is whole
        for decoded in map(section.decode, bodies):
            found |= {name: (None, reason) for name, reason in decoded.missing.items() if name in FACTS}
            for name in FACTS & decoded.facts.keys():
                value = decoded.facts[name]
                is_told = name not in decoded.missing and types[name].accepts(value)
                found[name] = (value, "") if is_told else (None, "malformed")
        return found, sum(map(len, bodies))

    return _sections.recall(sha256, read)
