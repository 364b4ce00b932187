"""Receipts: what an agent must find true."""

import json
from dataclasses import replace
from typing import Any

import pytest

from config import checkpoint, keys, merkle, receipt
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.receipt import Receipt
from config.statement import digest
from tests.config.test_merkle import tree

KEY = keys.generate()
ORIGIN = "bolt.example/log"
VKEY = checkpoint.vkey(ORIGIN, KEY.public)
PAYLOADS = [b"%d" % number for number in range(20)]
NODE = tree([merkle.leaf_hash(payload) for payload in PAYLOADS])


def head(size: int) -> Checkpoint:
    """The log's head at a size."""
    return Checkpoint(ORIGIN, size, merkle.root(size, NODE))


def made(index: int = 11, size: int = 20, old: int = 7) -> Receipt:
    """A good receipt."""
    return Receipt(
        digest(PAYLOADS[index]),
        index,
        checkpoint.sign(head(size), KEY).decode(),
        tuple(each.hex() for each in merkle.inclusion_proof(index, size, NODE)),
        old,
        tuple(each.hex() for each in merkle.consistency_proof(old, size, NODE)),
    )


def test_round_trip() -> None:
    """A receipt reads back as it was written."""
    assert made() == receipt.decode(receipt.encode(made()))
    assert made() == receipt.from_dict(made().to_dict())


@pytest.mark.parametrize("known", [7, 1, 20, 16])
def test_verify(known: int) -> None:
    """A good receipt gives the new head, for any head known before."""
    assert head(20) == receipt.verify(made(old=known), PAYLOADS[11], VKEY, head(known))


@pytest.mark.parametrize("known", [None, head(0)])
def test_verify_the_first_time(known: Checkpoint | None) -> None:
    """Where nothing is known yet, or an empty log, nothing needs extending."""
    assert head(20) == receipt.verify(made(old=0), PAYLOADS[11], VKEY, known)


OTHER = digest(b"other")


@pytest.mark.parametrize(
    ("code", "changes", "known"),
    [
        ("receipt_wrong_digest", {"payload_sha256": digest(PAYLOADS[12])}, head(7)),
        ("checkpoint_malformed", {"checkpoint": ""}, head(7)),
        (
            "checkpoint_bad_signature",
            {"checkpoint": checkpoint.sign(head(20), keys.generate()).decode()},
            head(7),
        ),
        ("inclusion_wrong", {"leaf_index": 12}, head(7)),
        ("inclusion_wrong", {"inclusion": ()}, head(7)),
        ("inclusion_wrong", {"inclusion": (OTHER, *made().inclusion[1:])}, head(7)),
        ("inclusion_wrong", {"checkpoint": made(size=19).checkpoint}, head(7)),
        ("consistency_wrong", {"consistency_from": 8}, head(7)),
        ("consistency_wrong", {"consistency": ()}, head(7)),
        ("consistency_wrong", {"consistency": (OTHER, *made().consistency[1:])}, head(7)),
        ("consistency_wrong", {}, Checkpoint(ORIGIN, 7, bytes(32))),
        ("consistency_wrong", {}, head(8)),
        ("consistency_wrong", {"consistency_from": 20, "consistency": ()}, Checkpoint(ORIGIN, 20, bytes(32))),
        ("consistency_wrong", {"consistency_from": 21, "consistency": ()}, Checkpoint(ORIGIN, 21, bytes(32))),
    ],
)
def test_verify_refuses(code: str, changes: dict[str, Any], known: Checkpoint) -> None:
    """Each thing that can be wrong has its own code; a log that is no extension is the alarm."""
    with pytest.raises(InputError) as caught:
        receipt.verify(replace(made(), **changes), PAYLOADS[11], VKEY, known)

    assert code == caught.value.code


@pytest.mark.parametrize(
    "changes",
    [
        {"payload_sha256": ...},
        {"more": 1},
        {"payload_sha256": "A" * 64},
        {"payload_sha256": 1},
        {"leaf_index": -1},
        {"leaf_index": True},
        {"leaf_index": "1"},
        {"checkpoint": None},
        {"checkpoint": "a" * 70_000},
        {"inclusion": None},
        {"inclusion": [1]},
        {"inclusion": ["ab"]},
        {"consistency_from": -1},
        {"consistency_from": False},
        {"consistency": ["g" * 64]},
    ],
)
def test_malformed(changes: dict[str, Any]) -> None:
    """Every field is there, of its type, and none besides."""
    document = {**made().to_dict(), **changes}
    data = json.dumps({name: value for name, value in document.items() if value is not ...}).encode()

    with pytest.raises(InputError, match="receipt_malformed"):
        receipt.decode(data)
    with pytest.raises(InputError, match="receipt_malformed"):
        receipt.from_dict([])
