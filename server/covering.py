"""Which host has a computer's name, and whether its agent covers the computer.

Names are compared without regard to case: the computer's DNS name with a host's full name; the short name where one of
both has no more. What fits several, or has another domain, is in doubt and never counted as covered.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from config import canonical
from server import freshness, hosts
from server.admission import ACTIVE, REVOKED

WITHOUT_AGENT, IN_DOUBT, SILENT, OBSERVED, COVERED = (
    "without_agent",
    "in_doubt",
    "silent",
    "observed",
    "covered",
)
ANSWERS: Mapping[str, str] = {
    WITHOUT_AGENT: "fail",
    IN_DOUBT: "unknown",
    SILENT: "stale",
    OBSERVED: "pass",
    COVERED: "pass",
}
"""What may be said of a computer, the worst first, and the status whose shape it has."""


class Named(NamedTuple):
    """A host, or what is observed as one, by its name."""

    host_id: str
    hostname: str
    state: str
    is_observed: bool
    heard_at: str

    @property
    def full(self) -> str:
        """The name as it is compared."""
        return self.hostname.lower().rstrip(".")


def by_short_name(connection: sqlite3.Connection, shorts: Iterable[str]) -> dict[str, list[Named]]:
    """The hosts, and what is observed as one, by their short names."""
    sql = (
        "SELECT short_name, host_id, hostname, state, observer <> '', last_heard_at FROM host"
        " WHERE short_name IN (SELECT value FROM json_each(?)) AND kind='host' ORDER BY last_heard_at DESC, host_id"
    )
    found: dict[str, list[Named]] = {}
    for short, host_id, hostname, state, is_observed, heard_at in connection.execute(
        sql, (json.dumps([*shorts]),)
    ):
        row = Named(host_id, hostname, state, bool(is_observed), heard_at)
        found.setdefault(short, []).append(row)
    return found


def answer(
    dns: str, candidates: list[Named], meant: Mapping[str, int], moment: datetime
) -> tuple[str, str, list[Named]]:
    """What is to be said of a computer, why, and of which hosts. An agent of its own goes before being observed."""
    live = [row for row in candidates if row.state != REVOKED]
    if not live:
        return WITHOUT_AGENT, "its agent was revoked" if candidates else "", candidates
    in_doubt = ("", live)
    for is_observed in (False, True):
        rows = [row for row in live if row.is_observed is is_observed]
        same, doubt = _same(dns, rows, meant)
        if len(same) > 1 and not is_observed:
            return IN_DOUBT, f"{len(same)} agents have this name", same
        if same:  # several may observe one host; the last that was heard of stands here
            return (*_heard(same[0], moment), same[:1])
        in_doubt = (in_doubt[0] or doubt, in_doubt[1])
    return (IN_DOUBT, *in_doubt)


def _same(dns: str, rows: list[Named], meant: Mapping[str, int]) -> tuple[list[Named], str]:
    """The hosts that have a computer's name; or none, and why that is in doubt."""
    full = [row for row in rows if dns and row.full == dns]
    if full or not rows:
        return full, ""
    others = [row for row in rows if dns and "." in row.full]
    if others:
        return [], f"the host of this short name is called {others[0].full}"
    if any(meant[hosts.short_name(row.full)] > 1 for row in rows):
        return [], "several computers have this short name"
    return rows, ""


def _heard(row: Named, moment: datetime) -> tuple[str, str]:
    """Whether a host counts as covered: its agent speaks, and was heard of while evidence holds."""
    if row.state != ACTIVE:
        return SILENT, f"its agent is {row.state}"
    if not row.heard_at:
        return SILENT, "its agent never reported"
    if not freshness.is_fresh(canonical.decode_time(row.heard_at), moment):
        return SILENT, "its agent is silent"
    return (OBSERVED, "observed, without an agent of its own") if row.is_observed else (COVERED, "")
