"""Shipping: oldest first, one statement at a time, each dropped only after a receipt that verifies.

For each waiting statement:
1. take it from the spool; where it is damaged, a signed loss takes its place
2. send it, without the sections the server already has
3. answered "sections_missing": send it again with these; one that is gone makes it a loss; so does a refusal
   of the report itself that has lasted for a day
4. verify the receipt: its digest, inclusion, the checkpoint's signature, and that the log extends the kept
   one
5. keep the new checkpoint, then note the acknowledgement, then drop the file

A crash between any two of these sends the same bytes again, which the server answers with "already here".
"""

from __future__ import annotations

import gzip
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from agent import alarms, refused, spool
from agent.accept import accept, kept_checkpoint
from agent.answer import GoodAnswer, RefusalError, read_answer
from agent.chain import Chain, Place
from agent.identity import Identity
from agent.report import encode_time, loss
from agent.shipping import read_shipping, write_shipping
from agent.state import State, read_json
from agent.transport import Transport
from config import canonical
from config.errors import InputError
from config.keys import PrivateKey
from config.settings import BACK_OFF_MAX_SECONDS

PATIENCE_SECONDS: Final = 60.0
"""How long a run waits for the server since it last made progress."""
RUN_MAX_SECONDS: Final = 900.0
_FIRST_WAIT_SECONDS: Final = 1.0
_FIRST_RETURN_SECONDS: Final = 60.0

_LASTING: Final = frozenset(
    {"sequence_fork", "host_quarantined", "host_revoked", "unknown_key", "sequence_gap"}
)


_FOR_GOOD: Final = frozenset({400, 401, 403, 409, 413})
"""What the same bytes will be answered again. A wrong address (404, 421) is no verdict on the report."""
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Hands:
    """What shipping acts with: time, chance and waiting are arguments, so that tests need none of them."""

    transport: Transport
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    patience_seconds: float = PATIENCE_SECONDS
    note: Callable[[str], None] = lambda text: None


@dataclass(frozen=True)
class Outcome:
    """What a run of shipping came to. `problem` is why something still waits."""

    sent: int
    waiting: int
    problem: InputError | None


def ship(state: State, identity: Identity, key: PrivateKey, hands: Hands) -> Outcome:
    """Send what waits, within bounded time.

    Needs the lock. Never raises for what the server says or fails to say.
    """
    chain, sent, attempt = spool.open_chain(state), 0, 0
    started = progress_at = hands.monotonic()
    write_shipping(state, replace(read_shipping(state), last_attempt_at=encode_time(hands.clock())))
    while chain.waiting:
        try:
            chain = _ship_oldest(state, identity, key, chain, hands)
        except InputError as error:
            wait = _wait_seconds(error, attempt, hands.chance)
            spent = hands.monotonic() - progress_at + wait
            out_of_time = hands.monotonic() - started + wait > RUN_MAX_SECONDS
            if not _passes(error) or spent > hands.patience_seconds or out_of_time:
                _remember_failure(state, error, wait, hands)
                spool.drop_sections(state, chain, keep=_known(state))
                return Outcome(sent, len(chain.waiting), error)
            hands.note(f"{error.message}; trying again in {wait:.0f} s")
            hands.sleep(wait)
            attempt += 1
            chain = spool.open_chain(state)
            continue
        sent, attempt, progress_at = sent + 1, 0, hands.monotonic()
    write_shipping(state, read_shipping(state).succeeded())
    spool.drop_sections(state, chain, keep=_known(state))
    return Outcome(sent, 0, None)


def ship_all(states: Iterable[State], identity: Identity, key: PrivateKey, hands: Hands) -> Outcome:
    """Send what waits of the host and of what it observes; a report that is refused holds up its own chain only."""
    sent, waiting, problem, is_open = 0, 0, None, True
    for state in states:
        try:
            done = ship(state, identity, key, hands) if is_open else _unsent(state)
        except InputError as error:
            if not state.observed:
                raise
            done = Outcome(0, 0, error)  # its own account is damaged, say: the others go on
        sent, waiting, problem = sent + done.sent, waiting + done.waiting, problem or done.problem
        is_open = is_open and (done.problem is None or _is_of_one_report(done.problem))
    return Outcome(sent, waiting, problem)


def _unsent(state: State) -> Outcome:
    return Outcome(0, len(spool.open_chain(state).waiting), None)


def _is_of_one_report(error: InputError) -> bool:
    """Whether other chains may fare better: nothing is wrong with the server, the wire or this host's key."""
    if isinstance(error, RefusalError):
        return error.code not in _LASTING - {"sequence_gap"} and error.status in _FOR_GOOD
    return error.code.startswith(("state_", "spool_"))


def _ship_oldest(state: State, identity: Identity, key: PrivateKey, chain: Chain, hands: Hands) -> Chain:
    place = chain.waiting[0]
    if place.lost is None:
        entry = _take(state, chain, hands)  # 1
        answer = _sent(state, identity, place, entry, hands) if entry is not None else None
        if entry is not None and answer is not None:
            return accept(state, identity, chain, entry, answer, hands.clock())
        # The statement's list of reasons has none of its own for a refusal that lasts; to its reader both say
        # the same: this report can no longer be had from the spool, and its file lies in damaged/.
        chain = spool.lose(state, chain, place.sequence, "spool_damaged", encode_time(hands.clock()))
    text, _ = loss(chain.waiting[0], state.subject(identity.host_id), chain, key)
    answer = _post(state, identity, text, [], hands)
    return accept(state, identity, chain, spool.Entry(text, ()), answer, hands.clock())


def _take(state: State, chain: Chain, hands: Hands) -> spool.Entry | None:
    """The oldest report, None when it is damaged."""
    try:
        return spool.get(state, chain.waiting[0])
    except InputError as error:
        if error.code != "spool_damaged":
            raise
        hands.note(error.message)
        return None


def _sent(
    state: State, identity: Identity, place: Place, entry: spool.Entry, hands: Hands
) -> GoodAnswer | None:
    """As `_send`; None also when the server has refused this report for so long that others must pass."""
    try:
        return _send(state, identity, entry, hands)
    except RefusalError as refusal:
        if refusal.code in _LASTING or not refused.lasts(state, place, refusal, hands.clock()):
            raise
        hands.note(f"given up, and kept in damaged/: {refusal.message}")
        return None


def _send(state: State, identity: Identity, entry: spool.Entry, hands: Hands) -> GoodAnswer | None:
    """Steps 2 and 3. None when the server needs a section that is no longer here."""
    wanted = [digest for digest in entry.sections if digest not in _known(state)]
    for _ in range(2):
        bodies = [spool.section(state, digest) for digest in wanted]
        try:
            return _post(
                state, identity, entry.envelope, [body for body in bodies if body is not None], hands
            )
        except RefusalError as refusal:
            if refusal.code != "sections_missing":
                raise
            wanted = [digest for digest in entry.sections if digest in refusal.missing]
            if any(spool.section(state, digest) is None for digest in wanted):
                return None
    raise InputError("server_unreachable", "the server asks for sections that it was sent, or that are none")


def _post(state: State, identity: Identity, text: str, sections: list[bytes], hands: Hands) -> GoodAnswer:
    body = canonical.encode({"envelope": text, "sections": [each.decode() for each in sections]})
    known = kept_checkpoint(state, identity)
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Boltseal-Tree-Size": str(known.size if known is not None else 0),
    }
    packed = gzip.compress(body, mtime=0)
    try:
        answer = read_answer(hands.transport.request("POST", "/api/v1/reports", packed, headers))
    except RefusalError as refusal:
        _measure(state, refusal.clock_offset_ms)
        if refusal.code in _LASTING or (refusal.status in _FOR_GOOD and refusal.code != "sections_missing"):
            code = refusal.code if refusal.code in _LASTING else "report_refused"
            now = encode_time(hands.clock())
            about = f"{state.observed}: {refusal}" if state.observed else str(refusal)
            alarms.raise_alarm(state.path("alarms"), code, about, None, now)
        raise
    _measure(state, answer.clock_offset_ms)
    return answer


def _measure(state: State, clock_offset_ms: int | None) -> None:
    if clock_offset_ms is not None:
        write_shipping(state, replace(read_shipping(state), clock_offset_ms=clock_offset_ms))


def _known(state: State) -> frozenset[str]:
    """The sections of the last acknowledged report: the server has them. Unreadable: all are sent again."""
    try:
        listed = (read_json(state, "known.json") or {}).get("sections")
    except InputError:
        return frozenset()
    return frozenset(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else _NONE


def _passes(error: InputError) -> bool:
    """Whether a later try may end otherwise with nothing changed here."""
    if isinstance(error, RefusalError):
        return error.passes
    return error.code == "server_unreachable"


def _wait_seconds(error: InputError, attempt: int, chance: Callable[[], float]) -> float:
    """Full jitter: any time up to a doubling limit; never less than the server asks for."""
    jitter = chance() * min(BACK_OFF_MAX_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(attempt, 20))
    asked = error.retry_after_seconds if isinstance(error, RefusalError) else None
    return float(jitter + (asked or 0))


def _remember_failure(state: State, error: InputError, wait: float, hands: Hands) -> None:
    """Set the next attempt of the service: full jitter again, over runs instead of seconds."""
    shipping = read_shipping(state)
    limit = min(BACK_OFF_MAX_SECONDS, _FIRST_RETURN_SECONDS * 2 ** min(shipping.failures, 20))
    pause = max(wait, hands.chance() * limit, _FIRST_RETURN_SECONDS / 2)
    write_shipping(state, shipping.failed(error, encode_time(hands.clock() + timedelta(seconds=pause))))
