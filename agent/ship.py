"""Shipping: oldest first, one statement at a time, each dropped only after a receipt that verifies.

For each waiting statement:
1. take it from the spool; where it is damaged, a signed loss takes its place
2. send it, without the sections the server already has
3. answered "sections_missing": send it again with these; one that is gone makes it a loss
4. verify the receipt: its digest, inclusion, the checkpoint's signature, and that the log extends the kept
   one
5. keep the new checkpoint, then note the acknowledgement, then drop the file

A crash between any two of these sends the same bytes again, which the server answers with "already here".
"""

from __future__ import annotations

import gzip
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from agent import alarms, durable, spool
from agent.answer import GoodAnswer, Refusal, read_answer
from agent.chain import Chain, Place
from agent.exits import AlarmRaised
from agent.identity import Identity
from agent.report import encode_time, loss
from agent.shipping import Shipping, read_shipping, write_shipping
from agent.state import State, read_json, write_json
from agent.transport import Transport
from config import canonical, checkpoint, envelope, receipt
from config.canonical import Json
from config.errors import InputError
from config.keys import PrivateKey
from config.settings import BACK_OFF_MAX_SECONDS, NOTE_MAX_BYTES

PATIENCE_SECONDS: Final = 60.0
"""How long a run waits for the server since it last made progress."""
RUN_MAX_SECONDS: Final = 900.0
_FIRST_WAIT_SECONDS: Final = 1.0
_FIRST_RETURN_SECONDS: Final = 60.0
_EVIDENCE_MAX_CHARACTERS: Final = 32_000

_LASTING: Final = frozenset(
    {"sequence_fork", "host_quarantined", "host_revoked", "unknown_key", "sequence_gap"}
)
_UNTRUE: Final = frozenset(
    "receipt_malformed receipt_wrong_digest inclusion_wrong checkpoint_malformed checkpoint_bad_signature".split()
)


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


def _ship_oldest(state: State, identity: Identity, key: PrivateKey, chain: Chain, hands: Hands) -> Chain:
    place = chain.waiting[0]
    if place.lost is None:
        try:
            entry = spool.get(state, place)  # 1
        except InputError as error:
            if error.code != "spool_damaged":
                raise
            hands.note(error.message)
            chain = spool.lose(state, chain, place.sequence, "spool_damaged", encode_time(hands.clock()))
            place = chain.waiting[0]
        else:
            answer = _send(state, entry, hands)
            if answer is not None:
                return _accept(state, identity, chain, entry.envelope, entry.sections, answer, hands)
            chain = spool.lose(state, chain, place.sequence, "spool_damaged", encode_time(hands.clock()))
            place = chain.waiting[0]
    text, _ = loss(place, identity.host_id, chain, key)
    answer = _post(state, text, [], hands)
    return _accept(state, identity, chain, text, (), answer, hands)


def _send(state: State, entry: spool.Entry, hands: Hands) -> GoodAnswer | None:
    """Steps 2 and 3. None when the server needs a section that is no longer here."""
    wanted = [digest for digest in entry.sections if digest not in _known(state)]
    for _ in range(2):
        bodies = [spool.section(state, digest) for digest in wanted]
        try:
            return _post(state, entry.envelope, [body for body in bodies if body is not None], hands)
        except Refusal as refusal:
            if refusal.code != "sections_missing":
                raise
            asked = [digest for digest in entry.sections if digest in refusal.missing]
            if not asked or any(spool.section(state, digest) is None for digest in asked):
                return None
            wanted = asked
    raise InputError("answer_malformed", "the server asks twice for sections that it was sent")


def _post(state: State, text: str, sections: list[bytes], hands: Hands) -> GoodAnswer:
    body = canonical.encode({"envelope": text, "sections": [each.decode() for each in sections]})
    known = durable.read(state.path("checkpoint"), NOTE_MAX_BYTES)
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "Boltseal-Tree-Size": str(_size(known)),
    }
    packed = gzip.compress(body, mtime=0)
    try:
        answer = read_answer(hands.transport.request("POST", "/api/v1/reports", packed, headers))
    except Refusal as refusal:
        _measure(state, refusal.clock_offset_ms)
        if refusal.code in _LASTING or (not refusal.passes and refusal.code != "sections_missing"):
            code = refusal.code if refusal.code in _LASTING else "report_refused"
            _alarm(state, code, str(refusal), None, hands)
        raise
    _measure(state, answer.clock_offset_ms)
    return answer


def _accept(
    state: State,
    identity: Identity,
    chain: Chain,
    text: str,
    sections: tuple[str, ...],
    answer: GoodAnswer,
    hands: Hands,
) -> Chain:
    """Steps 4 and 5. AlarmRaised when the receipt does not prove what it must."""
    payload = envelope.decode(text.encode()).payload
    note = durable.read(state.path("checkpoint"), NOTE_MAX_BYTES)
    try:
        known = checkpoint.verify(note, [identity.log_vkey]) if note is not None else None
        shown = receipt.from_dict(answer.value.get("receipt"))
        computed = receipt.verify(shown, payload, identity.log_vkey, known)  # 4
    except InputError as error:
        code = "log_not_extension" if error.code == "consistency_wrong" else "receipt_wrong"
        if error.code not in _UNTRUE and code == "receipt_wrong":
            raise
        evidence: Json = {"kept": (note or b"").decode("utf-8", "replace"), "shown": _bounded(answer.value)}
        _alarm(state, code, str(error), evidence, hands)
        raise AlarmRaised(code, error.message, alarms.TEXTS[code]) from error
    durable.write(state.path("checkpoint"), shown.checkpoint.encode())  # 5
    place = chain.waiting[0]
    write_shipping(state, _acknowledged(read_shipping(state), place, computed.size, answer, hands.clock()))
    if place.lost is None:
        write_json(state, "known.json", {"sections": list(sections)})
    return spool.acknowledged(state, chain)


def _acknowledged(shipping: Shipping, place: Place, size: int, answer: GoodAnswer, now: datetime) -> Shipping:
    come_back = answer.come_back_seconds
    return replace(
        shipping,
        last_receipt_at=encode_time(now),
        sequence=place.sequence,
        sha256=place.sha256,
        log_size=size,
        next_attempt_at=encode_time(now + timedelta(seconds=come_back)) if come_back else None,
        problem=None,
    )


def _measure(state: State, clock_offset_ms: int | None) -> None:
    if clock_offset_ms is not None:
        write_shipping(state, replace(read_shipping(state), clock_offset_ms=clock_offset_ms))


def _known(state: State) -> frozenset[str]:
    """The sections of the last acknowledged report: the server has them."""
    listed = (read_json(state, "known.json") or {}).get("sections")
    return (
        frozenset(each for each in listed if isinstance(each, str))
        if isinstance(listed, list)
        else frozenset()
    )


def _size(note: bytes | None) -> int:
    """The size that a kept checkpoint names; it was verified when it was kept, and is again in step 4."""
    lines = (note or b"").split(b"\n")
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else 0


def _passes(error: InputError) -> bool:
    """Whether a later try may end otherwise with nothing changed here."""
    if isinstance(error, Refusal):
        return error.passes
    return error.code == "server_unreachable"


def _wait_seconds(error: InputError, attempt: int, chance: Callable[[], float]) -> float:
    """Full jitter: any time up to a doubling limit; never less than the server asks for."""
    jitter = chance() * min(BACK_OFF_MAX_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(attempt, 20))
    asked = error.retry_after_seconds if isinstance(error, Refusal) else None
    return float(jitter + (asked or 0))


def _remember_failure(state: State, error: InputError, wait: float, hands: Hands) -> None:
    """Set the next attempt of the service: full jitter again, over runs instead of seconds."""
    shipping = read_shipping(state)
    limit = min(BACK_OFF_MAX_SECONDS, _FIRST_RETURN_SECONDS * 2 ** min(shipping.failures, 20))
    pause = max(wait, hands.chance() * limit, _FIRST_RETURN_SECONDS / 2)
    write_shipping(state, shipping.failed(error, encode_time(hands.clock() + timedelta(seconds=pause))))


def _alarm(state: State, code: str, detail: str, evidence: Json, hands: Hands) -> None:
    alarms.raise_alarm(state.path("alarms"), code, detail, evidence, encode_time(hands.clock()))


def _bounded(value: dict[str, Json]) -> Json:
    """The answer's receipt as text, cut to what an alarm may hold."""
    return canonical.encode(value.get("receipt")).decode()[:_EVIDENCE_MAX_CHARACTERS]
