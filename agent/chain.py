"""The agent's own account of its chain: what the server has, and what still waits to go there.

Every statement has a place: a sequence number and the digest of the statement before it. A place whose report
was lost (a damaged file, a full spool) stays a place: a signed `loss` statement takes it, and the digest of
what was lost remains the digest that the next statement names. Values in, values out; the files are
`agent.spool`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from config import canonical
from config.canonical import Json
from config.errors import InputError

LOSS_REASONS: Final = ("spool_damaged", "spool_full")


@dataclass(frozen=True)
class Place:
    """One statement that the server has not acknowledged: its report's digest, and why it was lost if so."""

    sequence: int
    sha256: str
    lost: str | None = None
    found_at: str | None = None

    def to_dict(self) -> dict[str, Json]:
        """For the file."""
        return {
            "sequence": self.sequence,
            "sha256": self.sha256,
            "lost": self.lost,
            "found_at": self.found_at,
        }


@dataclass(frozen=True)
class Chain:
    """`sequence` and `sha256` are those of the last acknowledged statement (0 and None before the first)."""

    sequence: int = 0
    sha256: str | None = None
    waiting: tuple[Place, ...] = ()

    @property
    def head(self) -> tuple[int, str | None]:
        """Sequence and digest of the newest statement, shipped or not."""
        if self.waiting:
            return self.waiting[-1].sequence, self.waiting[-1].sha256
        return self.sequence, self.sha256

    def previous(self, sequence: int) -> str | None:
        """The digest that the statement at `sequence` must name as the one before it."""
        if sequence == self.sequence + 1:
            return self.sha256
        return self.place(sequence - 1).sha256

    def place(self, sequence: int) -> Place:
        """The waiting place with this number. KeyError when there is none: a programmer's mistake."""
        index = sequence - self.sequence - 1
        if not 0 <= index < len(self.waiting):
            raise KeyError(sequence)
        return self.waiting[index]


def add(chain: Chain, sha256: str) -> Chain:
    """The chain with a new report at its end."""
    return replace(chain, waiting=(*chain.waiting, Place(chain.head[0] + 1, sha256)))


def lose(chain: Chain, sequence: int, reason: str, found_at: str) -> Chain:
    """The chain with the report at `sequence` declared lost.

    A place once lost keeps its first reason and time.
    """
    place = chain.place(sequence)
    if place.lost is not None:
        return chain
    index = sequence - chain.sequence - 1
    lost = replace(place, lost=reason, found_at=found_at)
    return replace(chain, waiting=(*chain.waiting[:index], lost, *chain.waiting[index + 1 :]))


def acknowledge(chain: Chain) -> Chain:
    """The chain after the server has acknowledged its oldest waiting statement."""
    first = chain.waiting[0]
    return Chain(first.sequence, first.sha256, chain.waiting[1:])


def encode(chain: Chain) -> bytes:
    """Canonical bytes for the file."""
    return canonical.encode(
        {
            "sequence": chain.sequence,
            "sha256": chain.sha256,
            "waiting": [place.to_dict() for place in chain.waiting],
        }
    )


def decode(data: bytes) -> Chain:
    """The chain out of its file. InputError `state_chain_damaged` for anything `encode` would not write."""
    try:
        value = canonical.decode_canonical(data, len(data))
        if not isinstance(value, dict) or not isinstance(waiting := value["waiting"], list):
            raise damaged("not an account of a chain")
        chain = Chain(_number(value), _digest_or_none(value), tuple(_place(place) for place in waiting))
    except (InputError, KeyError) as error:
        raise damaged(str(error)) from error
    if [place.sequence for place in chain.waiting] != list(
        range(chain.sequence + 1, chain.sequence + 1 + len(chain.waiting))
    ):
        raise damaged("the numbers have a gap")
    if encode(chain) != data:
        raise damaged("a value has a wrong type")
    return chain


def _place(value: Json) -> Place:
    if not isinstance(value, dict):
        raise damaged("a place is no object")
    sha256, lost, found_at = _digest_or_none(value), value["lost"], value["found_at"]
    if sha256 is None or not (lost is None or lost in LOSS_REASONS):
        raise damaged("a place without its digest")
    return Place(
        _number(value),
        sha256,
        lost if isinstance(lost, str) else None,
        found_at if isinstance(found_at, str) else None,
    )


def _number(value: Mapping[str, Json]) -> int:
    number = value["sequence"]
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise damaged("a sequence that is no number")
    return number


def _digest_or_none(value: Mapping[str, Json]) -> str | None:
    sha256 = value["sha256"]
    if sha256 is not None and not (isinstance(sha256, str) and len(sha256) == 64):
        raise damaged("a digest that is none")
    return sha256


def damaged(why: str) -> InputError:
    """The error for an account that cannot be trusted."""
    hint = "keep this folder for whoever looks into it, and enrol with a fresh one (--state)"
    return InputError("state_chain_damaged", f"the account of the chain is damaged: {why}", hint)
