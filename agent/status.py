"""`boltseal status`: who this agent is, what it has done, what waits, what stands, what comes next."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from agent import alarms, exits, parts, spool, state
from agent.alarms import Alarm
from agent.chain import Chain
from agent.console import Style, style_of
from agent.identity import Identity, read_identity
from agent.schedule import due, local_zone, window_of
from agent.settings import read_settings
from agent.shipping import Shipping, read_shipping
from agent.state import State, read_json
from config import canonical
from config.canonical import Json
from config.errors import InputError
from config.settings import AgentSettings


@dataclass(frozen=True)
class ObservedStatus:
    """Something that this host observes, or once did: its last look, and what of it waits."""

    name: str
    last_scan: dict[str, Json] | None
    waiting: int
    problem: dict[str, str] | None

    def to_dict(self) -> dict[str, Any]:
        """The shape of `status --json`."""
        return {
            "name": self.name,
            "last_scan": self.last_scan,
            "waiting": self.waiting,
            "problem": self.problem,
        }

    @property
    def text(self) -> str:
        """One line for people."""
        scan = self.last_scan or {}
        seen = f"{scan.get('finished_at')}, report {scan.get('sequence')}" if scan else "not looked at yet"
        trouble = [str(scan["problem"])] if scan.get("problem") else []
        if self.problem is not None:
            trouble.append(f"{self.problem.get('message')} [{self.problem.get('code')}]")
        waits = [f"{self.waiting} waiting"] if self.waiting else []
        return "; ".join((f"{self.name}: {seen}", *waits, *trouble))


@dataclass(frozen=True)
class Status:
    """What `status` tells. `next_slot` is RFC 3339, None before enrolment."""

    folder: str
    identity: Identity | None
    last_scan: dict[str, Json] | None
    chain: Chain
    spool_bytes: int
    damaged: tuple[str, ...]
    shipping: Shipping
    alarms: tuple[Alarm, ...]
    next_slot: str | None
    observed: tuple[ObservedStatus, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The shape of `status --json`."""
        lost = [place.to_dict() for place in self.chain.waiting if place.lost]
        return {
            "state": self.folder,
            "identity": self.identity.to_dict() if self.identity is not None else None,
            "last_scan": self.last_scan,
            "spool": {
                "waiting": len(self.chain.waiting),
                "bytes": self.spool_bytes,
                "lost": lost,
                "damaged": list(self.damaged),
            },
            "shipping": self.shipping.to_dict(),
            "alarms": [alarm.to_dict() for alarm in self.alarms],
            "next_slot": self.next_slot,
            "observed": [each.to_dict() for each in self.observed],
        }


def main(arguments: argparse.Namespace) -> int:
    """Show it; FAILED while an alarm stands."""
    opened = state.open_state(state.folder_of(arguments.state))
    now = datetime.now(UTC)
    if arguments.acknowledge:
        with state.locked(opened):
            acknowledged = alarms.acknowledge(opened.path("alarms"), now)
        print(
            f"{len(acknowledged)} alarms acknowledged; they are kept in alarms/acknowledged.", file=sys.stderr
        )
    status = read_status(opened, now)
    if arguments.json:
        json.dump(status.to_dict(), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(_table(status, style_of(sys.stdout)))
    return exits.FAILED if status.alarms else exits.OK


def read_status(opened: State, now: datetime) -> Status:
    """Read everything that `status` tells, without the lock."""
    identity = read_identity(opened)
    last_scan = read_json(opened, "last_scan.json")
    next_slot = None
    if identity is not None:
        window = window_of(read_settings(opened.folder))
        next_slot = canonical.encode_time(due(now, None, window, identity.host_id, local_zone()).next_slot)
    folder = opened.path("damaged")
    return Status(
        str(opened.folder),
        identity,
        last_scan,
        spool.peek(opened),
        spool.used_bytes(opened),
        tuple(sorted(path.name for path in folder.glob("*"))),
        read_shipping(opened),
        alarms.standing(opened.path("alarms")),
        next_slot,
        tuple(_observed(opened, read_settings(opened.folder))),
    )


def _observed(opened: State, settings: AgentSettings) -> Iterator[ObservedStatus]:
    """What the settings name, and whatever else was observed once."""
    begun = parts.begun(opened)
    for name in dict.fromkeys((*(each.part for each in settings.observe), *begun)):
        if name not in begun:
            yield ObservedStatus(name, None, 0, None)
            continue
        part = replace(opened, observed=name)
        try:
            waiting = len(spool.peek(part).waiting)
            yield ObservedStatus(
                name, read_json(part, "last_scan.json"), waiting, read_shipping(part).problem
            )
        except InputError as error:
            yield ObservedStatus(name, None, 0, error.to_dict())


def _table(status: Status, style: Style) -> str:
    rows = [("State", status.folder), *_identity_rows(status), *_work_rows(status)]
    rows += [("Observed" if each is status.observed[0] else "", each.text) for each in status.observed]
    lines = [f"{style.paint(f'{name:<14}', 'dim')} {value}" for name, value in rows]
    warn = style.status("warn", 11)
    lines += [
        f"{warn}  damaged: {name}; a signed loss takes its place in the chain" for name in status.damaged
    ]
    for alarm in status.alarms:
        head = style.paint(f"ALARM {alarm.code}", "bad")
        lines += ["", f"{head} since {alarm.raised_at}, seen {alarm.times} times"]
        lines += [str(alarm.to_dict()["text"]), alarm.detail]
    if status.alarms:
        lines += ["", "When somebody has looked into it: boltseal status --acknowledge"]
    return "\n".join(lines) + "\n"


def _identity_rows(status: Status) -> list[tuple[str, str]]:
    if status.identity is None:
        return [("Host", "not enrolled; boltseal enroll STRING")]
    return [
        ("Host", f"{status.identity.host_id} ({status.identity.hostname})"),
        ("Server", status.identity.url),
        ("Key", status.identity.key_id),
        ("Server's key", status.identity.server_key.key_id),
    ]


def _work_rows(status: Status) -> list[tuple[str, str]]:
    scan, shipping, waiting = status.last_scan, status.shipping, status.chain.waiting
    told = "never"
    if scan is not None:
        told = f"{scan.get('finished_at')} ({scan.get('trigger')}), report {scan.get('sequence')}"
    lost = sum(place.lost is not None for place in waiting)
    rows = [
        ("Last scan", told),
        ("Spool", f"{len(waiting)} waiting, {lost} of them lost, {status.spool_bytes // 1024} KiB"),
        ("Last receipt", f"{shipping.last_receipt_at or 'never'}, log of {shipping.log_size} entries"),
    ]
    if shipping.problem is not None:
        problem = f"{shipping.problem.get('message')} [{shipping.problem.get('code')}]"
        rows.append(("Problem", f"{problem}; next attempt {shipping.next_attempt_at}"))
    if shipping.clock_offset_ms is not None:
        rows.append(("Clock", f"server's minus ours: {shipping.clock_offset_ms / 1000:+.1f} s"))
    rows.append(("Next slot", status.next_slot or "none before enrolment"))
    return rows
