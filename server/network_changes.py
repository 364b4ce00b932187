"""What changed in a network between its last scan and the one before, as `boltseal scan --network-since` tells it.

The agent's own comparison is in its room, which the server does not import; a test holds the two to each other. What
one of the scans did not see is no change: a host that was given up, a service nobody could name.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server import latest
from server.latest import Source, Told

FACTS = ("exposure.hosts_seen", "exposure.services")
_SEEN, _SERVICES = FACTS
_RANGE = "exposure.scanned_range"
_TOLD = ("kind", "service", "product", "version", "tls_weaknesses", "ssh_weaknesses")
SCANS_BACK_MAX = 14
"""How far to look for a scan to compare with: one that did not come about says nothing."""
_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """What is otherwise at an address, or at a port of it (`10.0.0.5:443`)."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def since(connection: sqlite3.Connection, source: Source, now: Told) -> tuple[str, tuple[Change, ...], str]:
    """Return when the scan before was made, what changed since, and why that cannot be told, where it cannot."""
    sql = (
        "SELECT sha256, finished_at FROM statement WHERE host_id=? AND kind='report' AND sequence < "
        "(SELECT sequence FROM statement WHERE sha256=?) ORDER BY sequence DESC LIMIT ?"
    )
    at, problem = "", ""
    for sha256, finished_at in connection.execute(
        sql, (source.host_id, source.report_sha256, SCANS_BACK_MAX)
    ).fetchall():
        before = latest.of_report(connection, source.host_id, sha256, (_RANGE, *FACTS))
        unseen = [each for each in (_RANGE, *FACTS) if each not in before.values or each not in now.values]
        if not unseen and sorted(before.values[_RANGE]) == sorted(now.values[_RANGE]):
            return finished_at, tuple(changes(before.values, now.values)), ""
        told = (
            f"one of the scans did not see {unseen[0]}" if unseen else "the scans looked at different ranges"
        )
        at, problem = at or finished_at, problem or told
    return at, (), problem


def changes(before: _Row, after: _Row) -> Iterator[Change]:
    """Yield what changed between the facts of two scans of the same ranges."""
    then, now = ({row["address"]: row for row in facts[_SEEN]} for facts in (before, after))
    yield from (Change(each, "answers, and did not before") for each in sorted(now.keys() - then.keys()))
    yield from (Change(each, "answers no longer") for each in sorted(then.keys() - now.keys()))
    for address, row in now.items():
        old = then.get(address, {}).get("mac")
        if old and row.get("mac") and old != row["mac"]:
            yield Change(address, f"another device, {row['mac']} in place of {old}")
    finished = [{each for each, row in rows.items() if row["finished"]} for rows in (then, now)]
    # What a host that came or went has is told by its own line.
    looked_at = (finished[0] & finished[1]) | (now.keys() - then.keys())
    yield from _services(_by_port(before), _by_port(after), looked_at)


def _services(
    then: Mapping[tuple[str, int], _Row], now: Mapping[tuple[str, int], _Row], looked_at: set[str]
) -> Iterator[Change]:
    for place in sorted(then.keys() | now.keys()):
        if place[0] not in looked_at:
            continue
        name = f"[{place[0]}]:{place[1]}" if ":" in place[0] else f"{place[0]}:{place[1]}"
        if place not in then:
            yield Change(name, f"open now, {_named(now[place])}")
        elif place not in now:
            yield Change(name, f"no longer open, was {_named(then[place])}")
        else:
            for field in _TOLD:
                old, new = then[place].get(field), now[place].get(field)
                if old is not None and new is not None and old != new:
                    yield Change(name, f"{field.replace('_', ' ')} {_said(new)}, was {_said(old)}")


def _by_port(facts: _Row) -> dict[tuple[str, int], _Row]:
    return {(row["address"], row["port"]): row for row in facts[_SERVICES] if row.get("port") is not None}


def _named(row: _Row) -> str:
    return " ".join(row[field] for field in ("kind", "product", "version") if row.get(field)) or "unnamed"


def _said(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value) or "none"
