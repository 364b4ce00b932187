"""Signing: what a scan found as a report, and what was lost as a loss, each in its place of the chain."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import Final

from agent.chain import Chain, Place
from agent.scan import Scan
from config import __version__, canonical, envelope, section, statement
from config.canonical import Json
from config.errors import InputError
from config.keys import PrivateKey
from config.statement import Statement, Subject

if sys.platform == "win32":
    from agent import windows

TRIGGERS: Final = ("scheduled", "catch_up", "manual", "enrolment")


def encode_time(moment: datetime) -> str:
    """A moment as data has it."""
    return canonical.encode_time(moment)


def report(
    scan: Scan, subject_id: str, chain: Chain, trigger: str, clock_offset_ms: int | None, key: PrivateKey
) -> tuple[str, str]:
    """The signed report of a scan of this host, or of what it observes, as envelope text, and its digest."""
    sequence, previous = chain.head
    predicate: dict[str, Json] = {
        **_placed(subject_id, sequence + 1, previous),
        "started_at": encode_time(scan.started_at),
        "finished_at": encode_time(scan.finished_at),
        "trigger": trigger,
        "agent_version": __version__,
        "platform": scan.platform,
        "role": _role(scan),
        "privileges": privileges(),
        "cost": scan.cost.to_dict(),
        "clock_offset_ms": clock_offset_ms,
    }
    subjects = tuple(Subject(name, digest) for name, digest in sorted(scan.digests.items()))
    return _signed(Statement("report", subjects, predicate), key)


def loss(place: Place, subject_id: str, chain: Chain, key: PrivateKey) -> tuple[str, str]:
    """The signed statement that takes a lost report's place, as envelope text, and its digest.

    The same place gives the same payload each time, so sending it twice is success, not a fork.
    """
    predicate: dict[str, Json] = {
        **_placed(subject_id, place.sequence, chain.previous(place.sequence)),
        "lost_sha256": place.sha256,
        "reason": place.lost,
        "found_at": place.found_at,
    }
    return _signed(Statement("loss", (Subject("report", place.sha256),), predicate), key)


def privileges() -> str:
    """What this process may read: root, read_all (CAP_DAC_READ_SEARCH) or user; on Windows administrator or user."""
    if sys.platform == "win32":
        return "administrator" if windows.is_administrator() else "user"
    if os.geteuid() == 0:
        return "root"
    return "read_all" if _capabilities() & 1 << 2 else "user"


def _capabilities() -> int:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1], 16) for line in file if line.startswith("CapEff:")), 0)
    except OSError:
        return 0


def _placed(subject_id: str, sequence: int, previous: str | None) -> dict[str, Json]:
    observer, _, observed = subject_id.partition("~")
    return {
        "subject": {"id": subject_id, "kind": observed.partition(".")[0] or "host"},
        "observer": {"id": observer},
        "sequence": sequence,
        "previous": previous,
    }


def _role(scan: Scan) -> str:
    """The fact host.role where it was seen; it is there for people, nothing is judged by it."""
    for data in scan.sections.values():
        role = section.decode(data).facts.get("host.role")
        if isinstance(role, str) and role:
            return role
    return "unknown"


def _signed(said: Statement, key: PrivateKey) -> tuple[str, str]:
    try:
        payload = statement.encode(said)
    except InputError as error:
        raise ValueError(f"not a statement: {error}") from error  # our own doing, so no InputError
    return envelope.encode(envelope.sign(payload, key)).decode(), statement.digest(payload)
