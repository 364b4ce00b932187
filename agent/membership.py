"""What a successful enrolment keeps, in an order that makes a crash between any two writes harmless.

The identity comes last: without it nothing else counts, and enrolling again, here or elsewhere, goes on.
"""

from __future__ import annotations

from pathlib import Path

from agent import durable, spool
from agent.chain import Chain
from agent.identity import Identity, read_identity, write_identity
from agent.state import State
from config import checkpoint
from config.errors import InputError
from config.settings import NOTE_MAX_BYTES


def keep(state: State, identity: Identity, note: str, ca: Path) -> None:
    """Keep the checkpoint, the first account of the chain, the CA and the identity. Needs the lock."""
    is_new = read_identity(state) is None
    kept = durable.read(state.path("checkpoint"), NOTE_MAX_BYTES)
    if kept is not None and is_new and not _is_of(kept, identity.log_vkey):
        # Left by an enrolment elsewhere that crashed before its identity. Kept, it would block this one for ever.
        durable.move(state.path("checkpoint"), state.path("damaged") / "checkpoint")
        kept = None
    if kept is None:  # never replaced without a consistency proof
        durable.write(state.path("checkpoint"), note.encode())
    if is_new and not state.path("chain.json").exists():
        spool.save_chain(state, Chain())
    durable.move(ca, state.path("ca.pem"))
    write_identity(state, identity)


def _is_of(note: bytes, vkey: str) -> bool:
    try:
        checkpoint.verify(note, [vkey])
    except InputError:
        return False
    return True
