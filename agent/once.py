"""One run: scan, seal, spool, ship. What `once`, `enroll` and the service's children do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from agent import alarms, spool
from agent.alarms import Alarm
from agent.chain import Chain
from agent.deadline import OutOfTime, bounded
from agent.identity import Identity, enrolled, load_key
from agent.report import encode_time, report
from agent.scan import Scan, scan
from agent.ship import RUN_MAX_SECONDS, Hands, Outcome, ship
from agent.shipping import read_shipping
from agent.state import State, locked, secret, write_json
from collectors import Collector
from collectors.door import Host
from config.errors import InputError
from config.keys import PrivateKey
from config.settings import AgentSettings

_NO_ROOM: Final = ("disk_full", "state_spool_full")


@dataclass(frozen=True)
class Looking:
    """What a scan needs: the host as it is then, the collectors, and whom to tell how far it is."""

    host: Callable[[], Host]
    collectors: Mapping[str, Collector]
    progress: Callable[[str], None] = lambda name: None


@dataclass(frozen=True)
class Done:
    """What a run came to. `sequence` is the new report's number, None when there was no scan."""

    sequence: int | None
    sent: int
    waiting: int
    problem: InputError | None
    alarms: tuple[Alarm, ...]
    scan: Scan | None = None
    """What the new report says, for showing it without looking twice."""


def once(
    state: State,
    settings: AgentSettings,
    trigger: str,
    looking: Looking | None,
    connect: Callable[[Identity], Hands],
) -> Done:
    """Scan (unless `looking` is None) and ship. `state_locked` when another agent is at work.

    The report is sealed and durable before the first byte goes to the server.
    """
    with locked(state):
        identity, key = enrolled(state), load_key(state)
        hands = connect(identity)
        sequence, found, failure = None, None, None
        if looking is not None:
            try:
                sequence, found = _report(state, settings, trigger, looking, hands, identity, key)
            except InputError as error:
                if error.code not in _NO_ROOM:
                    raise
                failure = error  # what waits is sent all the same: that makes room
        outcome = _shipped(state, identity, key, hands)
        standing = alarms.standing(state.path("alarms"))
        return Done(sequence, outcome.sent, outcome.waiting, failure or outcome.problem, standing, found)


def _report(
    state: State,
    settings: AgentSettings,
    trigger: str,
    looking: Looking,
    hands: Hands,
    identity: Identity,
    key: PrivateKey,
) -> tuple[int, Scan]:
    chain = spool.open_chain(state)
    found = scan(
        looking.host(),
        identity.host_id,
        looking.collectors,
        secret(state),
        settings.collect_budget_seconds,
        hands.clock,
        looking.progress,
    )
    text, sha256 = report(found, identity.host_id, chain, trigger, read_shipping(state).clock_offset_ms, key)
    sections = {found.digests[name]: data for name, data in found.sections.items()}
    now = encode_time(hands.clock())
    kept: Chain = spool.keep(state, chain, text, sha256, sections, settings.spool_max_bytes, now)
    write_json(state, "last_scan.json", _last_scan(found, trigger, kept.head[0], sha256))
    return kept.head[0], found


def _shipped(state: State, identity: Identity, key: PrivateKey, hands: Hands) -> Outcome:
    """Ship, with a hard end for a server that answers one byte a minute."""
    try:
        with bounded(RUN_MAX_SECONDS + 60):
            return ship(state, identity, key, hands)
    except OutOfTime:
        hint = "what is spooled is kept and sent later"
        problem = InputError("server_unreachable", "the server was too slow to answer", hint)
        return Outcome(0, len(spool.open_chain(state).waiting), problem)


def _last_scan(found: Scan, trigger: str, sequence: int, sha256: str) -> dict[str, str | int]:
    return {
        "started_at": encode_time(found.started_at),
        "finished_at": encode_time(found.finished_at),
        "trigger": trigger,
        "sequence": sequence,
        "sha256": sha256,
    }
