"""Receipts: the log's answer for one statement, and what an agent must find true before it drops its copy."""

import re
from dataclasses import dataclass

from config import canonical, checkpoint, merkle
from config.canonical import Json
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.settings import NOTE_MAX_BYTES
from config.statement import digest

_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Receipt:
    """Where a statement stands in the log, and that the log extends the one seen before; hashes in hex."""

    payload_sha256: str
    leaf_index: int
    checkpoint: str
    inclusion: tuple[str, ...]
    consistency_from: int
    consistency: tuple[str, ...]

    def to_dict(self) -> dict[str, Json]:
        """The receipt as a JSON object."""
        return {
            "payload_sha256": self.payload_sha256,
            "leaf_index": self.leaf_index,
            "checkpoint": self.checkpoint,
            "inclusion": list(self.inclusion),
            "consistency_from": self.consistency_from,
            "consistency": list(self.consistency),
        }


def encode(receipt: Receipt) -> bytes:
    """Write the receipt as canonical JSON."""
    return canonical.encode(receipt.to_dict())


def decode(data: bytes) -> Receipt:
    """Read a receipt. Raises InputError `receipt_malformed`, or what `canonical.decode` raises."""
    return from_dict(canonical.decode(data))


def from_dict(value: Json) -> Receipt:
    """Read a receipt out of decoded JSON. Raises InputError `receipt_malformed`."""
    match value:
        case {
            "payload_sha256": str(sha256),
            "leaf_index": int(index),
            "checkpoint": str(note),
            "inclusion": list(inclusion),
            "consistency_from": int(old),
            "consistency": list(consistency),
            **rest,
        } if not rest and bool not in (type(index), type(old)):
            if _HEX.fullmatch(sha256) and index >= 0 and old >= 0 and len(note) <= NOTE_MAX_BYTES:
                return Receipt(sha256, index, note, _hashes(inclusion), old, _hashes(consistency))
    raise InputError("receipt_malformed", "not a receipt: a field is missing, unknown or of the wrong type")


def verify(receipt: Receipt, payload: bytes, vkey: str, known: Checkpoint | None) -> Checkpoint:
    """Check a receipt for the payload, and that the log extends the known checkpoint; returns the new one.

    Raises InputError `receipt_wrong_digest`, `checkpoint_malformed`, `checkpoint_bad_signature`,
    `inclusion_wrong`, or `consistency_wrong`: the alarm, the log is not an extension of what it was.
    """
    if receipt.payload_sha256 != digest(payload):
        raise InputError("receipt_wrong_digest", "the receipt is for another statement")
    new = checkpoint.verify(receipt.checkpoint.encode(), [vkey])
    inclusion = list(map(bytes.fromhex, receipt.inclusion))
    merkle.verify_inclusion(merkle.leaf_hash(payload), receipt.leaf_index, new.size, inclusion, new.root)
    # Every log extends the empty one.
    if known is not None and known.size:
        # A proof from anything but what we know proves nothing, so it counts as missing.
        if receipt.consistency_from != known.size:
            message = f"the proof starts at {receipt.consistency_from}, the known log at {known.size}"
            raise InputError("consistency_wrong", message)
        consistency = list(map(bytes.fromhex, receipt.consistency))
        merkle.verify_consistency(known.size, known.root, new.size, new.root, consistency)
    return new


def _hashes(values: list[Json]) -> tuple[str, ...]:
    hashes = tuple(each for each in values if isinstance(each, str) and _HEX.fullmatch(each))
    if len(hashes) != len(values):
        raise InputError("receipt_malformed", "a proof's hash is not 64 hex digits")
    return hashes
