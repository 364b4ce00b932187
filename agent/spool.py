"""The durable outbox: one file per report, its sections beside it by digest, and the account of the chain.

The order of writes is what makes a crash harmless. A new report: sections, then the spool file, then the
account (a crash before the account: `open_chain` finds the file and takes it up). An acknowledged one:
account first, then the file goes (a crash between: `open_chain` removes the left-over).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import account, durable
from agent import chain as chains
from agent.chain import Chain, Place
from agent.state import SMALL_FILE_MAX_BYTES, State
from config import canonical, envelope, statement
from config.errors import InputError
from config.settings import ENVELOPE_MAX_BYTES, SECTION_MAX_BYTES

PLACES_MAX: Final = 10_000
"""More waiting places than 27 years of nights have; beyond, new reports are not kept."""
_NAME: Final = re.compile(r"(\d{8,})-([0-9a-f]{64})\.json")
_ENTRY_MAX_BYTES: Final = 2 * ENVELOPE_MAX_BYTES


@dataclass(frozen=True)
class Entry:
    """A spooled report: the envelope's text, and which sections it names."""

    envelope: str
    sections: tuple[str, ...]


def open_chain(state: State) -> Chain:
    """The account of the chain, brought in line with the spool folder after whatever crash. Needs the lock.

    InputError `state_chain_damaged` when the account is gone or damaged and cannot be made anew without a
    gap.
    """
    chain, is_anew = account.read(state)
    changed = is_anew
    for path, sequence, sha256 in _files(state):
        head = chain.head[0]
        if sequence == head + 1 and _continues(state, chain, sequence, sha256):
            chain, changed = chains.add(chain, sha256), True
        elif is_anew and sequence > head:
            raise chains.damaged(f"it was made anew up to number {head}, but number {sequence} is spooled")
        elif sequence <= chain.sequence or (sequence <= head and chain.place(sequence).lost == "spool_full"):
            durable.remove(path)
        elif sequence > head or chain.place(sequence).sha256 != sha256 or chain.place(sequence).lost:
            durable.move(path, state.path("damaged") / path.name)
    if is_anew:
        account.check_anew(state, chain)
    if changed:
        save_chain(state, chain)
    return chain


def peek(state: State) -> Chain:
    """The account as it stands, for reading without the lock; nothing is put right.

    InputError as `open_chain`.
    """
    data = durable.read(state.path("chain.json"), SMALL_FILE_MAX_BYTES)
    return chains.decode(data) if data is not None else Chain()


def save_chain(state: State, chain: Chain) -> None:
    """Write the account of the chain."""
    durable.write(state.path("chain.json"), chains.encode(chain))


def put(state: State, chain: Chain, text: str, sha256: str, sections: Mapping[str, bytes]) -> Chain:
    """Spool a signed report with its sections, whole and synced, and give it the next place."""
    if len(chain.waiting) >= PLACES_MAX:
        raise InputError(
            "state_spool_full", f"{PLACES_MAX} statements wait already", "let the agent reach its server"
        )
    for digest, data in sections.items():
        if section(state, digest) is None:
            durable.write(_section_path(state, digest), data)
    entry = canonical.encode({"envelope": text, "sections": sorted(sections)})
    durable.write(_path(state, chain.head[0] + 1, sha256), entry)
    grown = chains.add(chain, sha256)
    save_chain(state, grown)
    return grown


def get(state: State, place: Place) -> Entry:
    """A spooled report, once its digest is checked.

    InputError `spool_damaged` when it is not what was spooled.
    """
    path = _path(state, place.sequence, place.sha256)
    data = durable.read(path, _ENTRY_MAX_BYTES)
    if data is None:
        raise InputError("spool_damaged", f"{path.name} is gone")
    try:
        value = canonical.decode_canonical(data, _ENTRY_MAX_BYTES)
        if not isinstance(value, dict) or not isinstance(text := value.get("envelope"), str):
            raise InputError("spool_damaged", "no envelope in it")
        payload = envelope.decode(text.encode()).payload
    except InputError as error:
        raise InputError("spool_damaged", f"{path.name}: {error.message}") from error
    if statement.digest(payload) != place.sha256:
        raise InputError("spool_damaged", f"{path.name}: its digest is another")
    return Entry(text, tuple(sorted({subject.sha256 for subject in statement.decode(payload).subjects})))


def section(state: State, digest: str) -> bytes | None:
    """A kept section, None when it is gone or no longer what its digest says."""
    data = durable.read(_section_path(state, digest), SECTION_MAX_BYTES)
    return data if data is not None and statement.digest(data) == digest else None


def lose(state: State, chain: Chain, sequence: int, reason: str, now: str) -> Chain:
    """Declare a report lost.

    Its file moves to damaged/ when it was damaged, and is removed when space was wanted.
    """
    place = chain.place(sequence)
    path = _path(state, sequence, place.sha256)
    changed = chains.lose(chain, sequence, reason, now)
    if reason == "spool_full":
        durable.remove(path)  # first of all, since the account may find no space either
        save_chain(state, changed)
        return changed
    save_chain(state, changed)
    if path.exists():
        durable.move(path, state.path("damaged") / path.name)
    return changed


def acknowledged(state: State, chain: Chain) -> Chain:
    """Drop the oldest waiting statement, whose receipt has been verified and kept."""
    first = chain.waiting[0]
    shorter = chains.acknowledge(chain)
    save_chain(state, shorter)
    durable.remove(_path(state, first.sequence, first.sha256))
    return shorter


def keep(
    state: State,
    chain: Chain,
    text: str,
    sha256: str,
    sections: Mapping[str, bytes],
    limit_bytes: int,
    now: str,
) -> Chain:
    """Spool a report as `put` does; on a full disk and beyond the limit, older ones make room, oldest first.

    InputError `disk_full` when dropping four times what is needed did not help: then others fill the disk,
    and dropping more would lose evidence for nothing.
    """
    needed = len(text) + sum(map(len, sections.values()))
    dropped = 0
    while True:
        try:
            chain = put(state, chain, text, sha256, sections)
            break
        except InputError as error:
            oldest = oldest_kept(chain, spare=0)
            if error.code != "disk_full" or oldest is None or dropped > 4 * needed:
                raise
            before = used_bytes(state)
            chain = lose(state, chain, oldest, "spool_full", now)
            drop_sections(state, chain, keep=sections)
            dropped += max(before - used_bytes(state), 1)
    while used_bytes(state) > limit_bytes and (oldest := oldest_kept(chain)) is not None:
        chain = lose(state, chain, oldest, "spool_full", now)
        drop_sections(state, chain, keep=sections)
    return chain


def oldest_kept(chain: Chain, spare: int = 1) -> int | None:
    """The number of the oldest report still held, None when only `spare` newer ones are."""
    kept = [place.sequence for place in chain.waiting if place.lost is None]
    return kept[0] if len(kept) > spare else None


def drop_sections(state: State, chain: Chain, keep: Iterable[str]) -> None:
    """Remove the sections that neither a waiting report nor `keep` (the last report's) needs."""
    needed = set(keep)
    for place in chain.waiting:
        if place.lost is None:
            try:
                needed.update(get(state, place).sections)
            except InputError:
                continue  # damaged: shipping finds that out, and its sections may be of use to others only
    for path in state.path("sections").glob("*.json"):
        if path.stem not in needed:
            durable.remove(path)


def used_bytes(state: State) -> int:
    """What waiting reports and kept sections take on disk."""
    return sum(
        path.stat().st_size for name in ("spool", "sections") for path in state.path(name).glob("*.json")
    )


def _files(state: State) -> list[tuple[Path, int, str]]:
    found = []
    for path in state.path("spool").glob("*.json"):
        match = _NAME.fullmatch(path.name)
        if match:
            found.append((path, int(match[1]), match[2]))
    return sorted(found, key=lambda each: each[1:])


def _continues(state: State, chain: Chain, sequence: int, sha256: str) -> bool:
    """Whether a file that no account names is whole and follows the head: then only its account was lost."""
    try:
        entry = get(state, Place(sequence, sha256))
        predicate = statement.decode(envelope.decode(entry.envelope.encode()).payload).predicate
    except InputError:
        return False
    return predicate["sequence"] == sequence and predicate["previous"] == chain.head[1]


def _path(state: State, sequence: int, sha256: str) -> Path:
    return state.path("spool") / f"{sequence:08d}-{sha256}.json"


def _section_path(state: State, digest: str) -> Path:
    return state.path("sections") / f"{digest}.json"
