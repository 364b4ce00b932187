"""Accepting an answer, steps 4 and 5 of ship.py: nothing leaves the spool before its receipt proves itself.

The agent is a witness: the log head that was proven last is kept, and replaced only by one that extends it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from agent import alarms, durable, spool
from agent.answer import GoodAnswer
from agent.chain import Chain
from agent.exits import AlarmError
from agent.identity import Identity
from agent.report import encode_time
from agent.shipping import read_shipping, write_shipping
from agent.state import State, write_json
from config import canonical, checkpoint, envelope, receipt
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.settings import NOTE_MAX_BYTES

_EVIDENCE_MAX_CHARACTERS: Final = 32_000


def accept(
    state: State, identity: Identity, chain: Chain, sent: spool.Entry, answer: GoodAnswer, now: datetime
) -> Chain:
    """The chain without its oldest statement, once the answer's receipt is verified and kept.

    AlarmError when the receipt does not prove what it must; then nothing is changed but the alarm.
    """
    payload = envelope.decode(sent.envelope.encode()).payload
    known = kept_checkpoint(state, identity)
    try:
        shown = receipt.from_dict(answer.value.get("receipt"))
        size = receipt.verify(shown, payload, identity.log_vkey, known).size  # 4
    except InputError as error:
        raise _alarm(state, error, answer, now) from error
    durable.write(state.path("checkpoint"), shown.checkpoint.encode())  # 5
    place = chain.waiting[0]
    come_back = answer.come_back_seconds
    remembered = replace(
        read_shipping(state),
        last_receipt_at=encode_time(now),
        sequence=place.sequence,
        sha256=place.sha256,
        log_size=size,
        next_attempt_at=encode_time(now + timedelta(seconds=come_back)) if come_back else None,
        problem=None,
    )
    write_shipping(state, remembered)
    if place.lost is None:
        write_json(state, "known.json", {"sections": list(sent.sections)})
    return spool.acknowledged(state, chain)


def kept_checkpoint(state: State, identity: Identity) -> Checkpoint | None:
    """The log head that was proven last. `state_file_damaged` when the file is no longer what was kept."""
    note = durable.read(state.path("checkpoint"), NOTE_MAX_BYTES)
    try:
        return checkpoint.verify(note, [identity.log_vkey]) if note is not None else None
    except InputError as error:
        path = state.path("checkpoint")
        hint = "restore it from a backup; without it nobody would see the log being rewritten"
        raise InputError("state_file_damaged", f"{path}: {error.message}", hint) from error


def _alarm(state: State, error: InputError, answer: GoodAnswer, now: datetime) -> AlarmError:
    """Raise the lasting alarm, with both sides of the contradiction as evidence."""
    code = "log_not_extension" if error.code == "consistency_wrong" else "receipt_wrong"
    note = durable.read(state.path("checkpoint"), NOTE_MAX_BYTES) or b""
    shown = canonical.encode(answer.value.get("receipt")).decode()[:_EVIDENCE_MAX_CHARACTERS]
    evidence = {"kept": note.decode("utf-8", "replace"), "shown": shown}
    alarms.raise_alarm(state.path("alarms"), code, str(error), {**evidence}, encode_time(now))
    return AlarmError(code, error.message, alarms.TEXTS[code])
