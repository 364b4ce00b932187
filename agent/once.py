"""One run: scan, seal, spool, ship; then the same for what this host observes.

What `once`, `enroll` and the service's children do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from agent import alarms, observe, parts, spool
from agent.alarms import Alarm
from agent.chain import Chain
from agent.deadline import OutOfTime, bounded
from agent.identity import Identity, enrolled, load_key
from agent.observe import Opener
from agent.report import encode_time, report
from agent.scan import Scan, scan
from agent.ship import RUN_MAX_SECONDS, Hands, Outcome, ship_all
from agent.shipping import read_shipping
from agent.state import State, locked, read_json, secret, write_json
from collectors import Collector
from collectors.door import Door
from config.errors import InputError
from config.keys import PrivateKey
from config.settings import AgentSettings, Observe

_NO_ROOM: Final = ("disk_full", "state_spool_full")


@dataclass(frozen=True)
class Looking:
    """What a scan needs: the host as it is then, the collectors, and whom to tell how far it is."""

    host: Callable[[], Door]
    collectors: Mapping[str, Collector]
    progress: Callable[[str], None] = lambda name: None
    opener: Opener = observe.opened
    """How the doors to what the host observes are opened."""


@dataclass(frozen=True)
class Observed:
    """What looking at one observed subject came to; with a problem, its report may hold reasons only."""

    name: str
    sequence: int | None
    problem: InputError | None


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
    observed: tuple[Observed, ...] = ()


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
        tables = _due(settings, trigger) if looking is not None else ()
        # The host's own report does not wait for what the others may take.
        sent = _shipped([state], identity, key, hands).sent if tables else 0
        observed = tuple(_observed(state, settings, trigger, each, looking, hands, key) for each in tables)
        outcome = _shipped(parts.every(state), identity, key, hands)
        standing = alarms.standing(state.path("alarms"))
        problem, sent = failure or outcome.problem, sent + outcome.sent
        return Done(sequence, sent, outcome.waiting, problem, standing, found, observed)


def _due(settings: AgentSettings, trigger: str) -> Sequence[Observe]:
    """What is looked at in this run: nothing while somebody waits for an enrolment."""
    schedules = {"manual": ("nightly", "manual"), "enrolment": ()}.get(trigger, ("nightly",))
    return [each for each in settings.observe if each.schedule in schedules]


def _observed(
    state: State,
    settings: AgentSettings,
    trigger: str,
    table: Observe,
    looking: Looking | None,
    hands: Hands,
    key: PrivateKey,
) -> Observed:
    """Look at one subject and seal what was seen, in a part of the state of its own. Raises nothing of its own."""
    assert looking is not None
    sequence, problem = None, None
    try:
        part = parts.part(state, table.part)
        chain, before = spool.open_chain(part), read_json(part, "last_scan.json") or {}
        with ExitStack() as stack:
            budget = settings.collect_budget_seconds
            door, problem = observe.door_of(stack, table, looking.opener, budget, str(before.get("platform")))
            looking.progress(table.part)
            subject, collectors = part.subject(enrolled(state).host_id), observe.collectors_of(door)
            found = scan(door, subject, collectors, secret(state), budget, hands.clock, looking.progress)
            share = settings.spool_max_bytes // len(settings.observe)
            told = {"platform": found.platform, "problem": str(problem.error) if problem else ""}
            sequence = _sealed(part, chain, found, trigger, hands, key, share, told)
    except (InputError, OSError) as error:
        own = error if isinstance(error, InputError) else InputError("target_unseen", type(error).__name__)
        return Observed(table.part, sequence, own)
    return Observed(table.part, sequence, problem.error if problem else None)


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
    return _sealed(state, chain, found, trigger, hands, key, settings.spool_max_bytes, {}), found


def _sealed(
    state: State,
    chain: Chain,
    found: Scan,
    trigger: str,
    hands: Hands,
    key: PrivateKey,
    limit_bytes: int,
    told: Mapping[str, str],
) -> int:
    """Sign and spool a report, and note what `status` and the next run want to know of it; its number."""
    offset = read_shipping(replace(state, observed="")).clock_offset_ms
    text, sha256 = report(found, found.subject, chain, trigger, offset, key)
    sections = {found.digests[name]: data for name, data in found.sections.items()}
    now = encode_time(hands.clock())
    kept: Chain = spool.keep(state, chain, text, sha256, sections, limit_bytes, now)
    write_json(state, "last_scan.json", {**_last_scan(found, trigger, kept.head[0], sha256), **told})
    return kept.head[0]


def _shipped(states: Iterable[State], identity: Identity, key: PrivateKey, hands: Hands) -> Outcome:
    """Ship, with a hard end for a server that answers one byte a minute."""
    every = tuple(states)
    try:
        with bounded(RUN_MAX_SECONDS + 60):
            return ship_all(every, identity, key, hands)
    except OutOfTime:
        hint = "what is spooled is kept and sent later"
        problem = InputError("server_unreachable", "the server was too slow to answer", hint)
        return Outcome(0, sum(len(spool.peek(each).waiting) for each in every), problem)


def _last_scan(found: Scan, trigger: str, sequence: int, sha256: str) -> dict[str, str | int]:
    return {
        "started_at": encode_time(found.started_at),
        "finished_at": encode_time(found.finished_at),
        "trigger": trigger,
        "sequence": sequence,
        "sha256": sha256,
    }
