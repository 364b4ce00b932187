"""The account of the chain: values in, values out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import chain as chains
from agent.chain import Chain
from config import canonical
from config.errors import InputError

A, B, C = "a" * 64, "b" * 64, "c" * 64


def test_head() -> None:
    """Each statement names the digest of the one before it, shipped or not, lost or not."""
    chain = chains.add(chains.add(Chain(7, A), B), C)
    assert (9, C) == chain.head
    assert [A, B, C] == [chain.previous(number) for number in (8, 9, 10)]
    lost = chains.lose(chain, 8, "spool_damaged", "2026-11-24T12:00:00Z")
    assert B == lost.previous(9)
    assert chains.Chain(8, B, lost.waiting[1:]) == chains.acknowledge(lost)


def test_lose_twice() -> None:
    """A place once lost keeps its first reason and time: its statement may have been sent already."""
    once = chains.lose(chains.add(Chain(), A), 1, "spool_damaged", "2026-11-24T12:00:00Z")
    assert once == chains.lose(once, 1, "spool_full", "2026-11-25T12:00:00Z")


@given(st.integers(0, 5), st.lists(st.sampled_from([A, B, C]), max_size=6), st.sets(st.integers(1, 6)))
def test_round_trip(start: int, digests: list[str], lost: set[int]) -> None:
    """What is written is read back."""
    chain = Chain(start, A if start else None)
    for digest in digests:
        chain = chains.add(chain, digest)
    for number in lost:
        if number <= len(digests):
            chain = chains.lose(chain, start + number, "spool_full", "2026-11-24T12:00:00Z")
    assert chain == chains.decode(chains.encode(chain))


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": -1},
        {"sequence": True},
        {"sha256": "short"},
        {"waiting": None},
        {"waiting": [None]},
        {"waiting": [{"sequence": 9, "sha256": A, "lost": None, "found_at": None}]},
        {"waiting": [{"sequence": 8, "sha256": None, "lost": None, "found_at": None}]},
        {"waiting": [{"sequence": 8, "sha256": A, "lost": "forgotten", "found_at": None}]},
        {"waiting": [{"sequence": 8, "sha256": A, "lost": 1, "found_at": None}]},
        {"waiting": [{"sequence": 8, "sha256": A, "lost": None, "found_at": 1}]},
        {"waiting": [{"sequence": 8, "sha256": A, "lost": None}]},
        {"more": 1},
    ],
)
def test_damaged(change: dict[str, canonical.Json]) -> None:
    """Whatever `encode` would not have written is refused."""
    good: dict[str, canonical.Json] = {"sequence": 7, "sha256": A, "waiting": []}
    with pytest.raises(InputError, match="state_chain_damaged"):
        chains.decode(canonical.encode({**good, **change}))


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{"])
def test_no_account(data: bytes) -> None:
    """Bytes that are no account at all."""
    with pytest.raises(InputError, match="state_chain_damaged"):
        chains.decode(data)
