"""Checking all that is kept against itself: every leaf, tile, signature, chain and digest, up to the signed head.

Nothing is taken from the tables that the log does not prove: keys are learnt from enrolments as they are met.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from config import canonical, checkpoint, envelope, keys, merkle, replay, statement, tiles
from config.canonical import Json
from config.errors import InputError
from config.keys import PublicKey
from config.statement import Statement
from server import check_kept, database, log
from server.check_kept import DifferenceError
from server.ledger import Hand

_CHUNK_LEAVES = 4096
_OF_HOSTS = ("report", "loss", "enrolment_request")


@dataclass
class Found:
    """What was checked, and the first difference where there is one."""

    statements: int = 0
    sections: int = 0
    tiles: int = 0
    hosts: int = 0
    difference: str | None = None

    def text(self) -> str:
        """Return it in words."""
        counted = (
            f"{self.statements} statements, {self.tiles} tiles, {self.sections} sections, {self.hosts} hosts"
        )
        if self.difference is None:
            return f"All is as it should be: {counted}."
        return f"First difference: {self.difference}\nChecked before it: {counted}."


@dataclass
class _Chain:
    """A host as the log tells of it, or what one observes."""

    observer: str = ""  # where that is another host
    keys: dict[str, PublicKey] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    held: list[str] = field(default_factory=list)  # chain digests by sequence - 1


@dataclass(frozen=True)
class _Kept:
    """A row of the statement table with its envelope verified."""

    index: int
    payload: bytes
    said: Statement


def check(connection: sqlite3.Connection, hand: Hand) -> Found:
    """Check everything, as of one moment, whether a server runs beside or not."""
    found = Found()
    chains: dict[str, _Chain] = {}
    with database.reading(connection):
        try:
            leaves = []
            for kept in _statements(connection, hand, chains):
                leaves.append(merkle.leaf_hash(kept.payload))
                check_kept.named(connection, kept.index, kept.said, _host_id(kept.said))
                found.statements += 1
            found.tiles = _log(connection, hand, leaves)
            found.hosts = _hosts(connection, chains)
            found.sections = check_kept.sections(connection)
            _counts(connection)
        except DifferenceError as difference:
            found.difference = str(difference)
        except sqlite3.DatabaseError as error:
            found.difference = f"the database cannot be read: {error}"
    return found


def _statements(connection: sqlite3.Connection, hand: Hand, chains: dict[str, _Chain]) -> Iterator[_Kept]:
    sql = (
        "SELECT leaf_index, sha256, kind, host_id, sequence, chain_sha256, finished_at, envelope FROM statement"
        " ORDER BY leaf_index"
    )
    for expected, (index, sha256, *columns, packed) in enumerate(connection.execute(sql)):
        if index != expected:
            raise DifferenceError(f"log entry {expected} is missing")
        where = f"log entry {index} ({columns[0]})"
        try:
            opened = envelope.decode(zlib.decompress(packed))
            said = statement.decode(opened.payload)
            verified = envelope.verify(opened, _signers(said, hand, chains))
        except (InputError, zlib.error) as error:
            raise DifferenceError(f"{where}: {error}") from error
        if verified.digest != sha256:
            raise DifferenceError(
                f"{where}: the payload's digest is {verified.digest}, the row says {sha256}"
            )
        if _columns(said, sha256) != columns:
            raise DifferenceError(f"{where}: the row's columns are not what the statement says")
        _follow(said, verified.digest, chains, where)
        yield _Kept(index, verified.payload, said)


def _signers(said: Statement, hand: Hand, chains: dict[str, _Chain]) -> list[PublicKey]:
    if said.kind == "enrolment_request":
        return [_key(said)]
    if said.kind in _OF_HOSTS:
        replay.about(said)
        chain = chains.get(_of(said, "observer"), _Chain())
        return [key for key_id, key in chain.keys.items() if key_id not in chain.revoked]
    return [hand.server.public]


def _columns(said: Statement, sha256: str) -> list[Json]:
    """Return the row's columns kind, host_id, sequence, chain_sha256 and finished_at as the statement has them."""
    told = said.predicate
    if said.kind == "loss":
        return [said.kind, _of(said, "subject"), told["sequence"], told["lost_sha256"], told["found_at"]]
    if said.kind == "report":
        return [said.kind, _of(said, "subject"), told["sequence"], sha256, told["finished_at"]]
    return [said.kind, told.get("host_id", ""), None, "", ""]


def _follow(said: Statement, sha256: str, chains: dict[str, _Chain], where: str) -> None:
    """Take a statement into what the log tells so far."""
    told = said.predicate
    if said.kind == "enrolment":
        key = _key(said)
        chains.setdefault(str(told["host_id"]), _Chain()).keys[key.key_id] = key
    elif said.kind == "revocation":
        chains[str(told["host_id"])].revoked.add(str(told["key_id"]))
    elif said.kind in ("report", "loss"):
        subject, observer = _of(said, "subject"), _of(said, "observer")
        held = chains.setdefault(subject, _Chain("" if subject == observer else observer)).held
        own = str(told["lost_sha256"]) if said.kind == "loss" else sha256
        place = told["sequence"]
        assert isinstance(place, int)
        if place == len(held) + 1 and told["previous"] == (held[-1] if held else None):
            held.append(own)
        elif not (place <= len(held) and held[place - 1] == own):
            raise DifferenceError(f"{where}: number {place} does not continue the chain of {subject}")


def _log(connection: sqlite3.Connection, hand: Hand, leaves: list[bytes]) -> int:
    """Build the tiles anew, compare them with those kept, and their root with the signed head."""
    fresh: dict[tuple[int, int], bytes] = {}
    for start in range(0, len(leaves), _CHUNK_LEAVES):
        chunk = leaves[start : start + _CHUNK_LEAVES]
        fresh.update(tiles.append(start, chunk, lambda level, index: fresh[level, index]))
    kept = connection.execute("SELECT level, tile_index, hashes FROM tile ORDER BY level, tile_index")
    for expected, got in zip_longest(sorted(fresh.items()), kept):
        if expected is None or got is None or (expected[0], expected[1]) != (tuple(got[:2]), bytes(got[2])):
            place = expected[0] if expected else tuple(got[:2])
            raise DifferenceError(f"{tiles.tile_path(*place)} is not what the statements give")
    head = log.head(connection)
    root = merkle.root(len(leaves), tiles.node_reader(lambda level, index: fresh[level, index]))
    try:
        signed = checkpoint.verify(head.note.encode(), [hand.vkey])
    except InputError as error:
        raise DifferenceError(f"the checkpoint: {error}") from error
    if not (len(leaves), root) == (head.size, head.root) == (signed.size, signed.root):
        raise DifferenceError(
            f"the checkpoint is of {signed.size} leaves; those kept give another size or root"
        )
    return len(fresh)


def _hosts(connection: sqlite3.Connection, chains: dict[str, _Chain]) -> int:
    """Compare the hosts' rows with what the log tells of them."""
    rows = connection.execute(
        "SELECT host_id, observer, last_sequence, last_sha256 FROM host ORDER BY host_id"
    ).fetchall()
    wanted = [
        (host, chain.observer, len(chain.held), chain.held[-1] if chain.held else "")
        for host, chain in sorted(chains.items())
    ]
    for got, expected in zip_longest(rows, wanted):
        if got != expected:
            host_id = (expected or got)[0]
            raise DifferenceError(f"the row of host {host_id} is not what the log tells of it")
    held = {(host, key_id) for host, chain in chains.items() for key_id in chain.keys.keys() - chain.revoked}
    active = set(connection.execute("SELECT host_id, key_id FROM host_key WHERE state='active'"))
    if held != active:
        host_id = min(held ^ active)[0]
        raise DifferenceError(
            f"the keys of host {host_id} are not those that the log enrolled and did not revoke"
        )
    return len(rows)


def _counts(connection: sqlite3.Connection) -> None:
    sql = "SELECT state, count(*) FROM host WHERE observer='' GROUP BY state ORDER BY state"
    counted = connection.execute(sql).fetchall()
    if counted != connection.execute("SELECT * FROM host_count WHERE hosts <> 0 ORDER BY state").fetchall():
        raise DifferenceError("the counted hosts are not those kept")
    sql = "SELECT check_id, counted_as, count(*) FROM verdict GROUP BY 1, 2 ORDER BY 1, 2"
    kept = "SELECT check_id, counted_as, hosts FROM verdict_count ORDER BY 1, 2"
    if connection.execute(sql).fetchall() != connection.execute(kept).fetchall():
        raise DifferenceError("the counted verdicts are not those kept; mend it with: rebuild-verdicts")


def _key(said: Statement) -> PublicKey:
    described = said.predicate["key"]
    assert isinstance(described, dict)
    return keys.load_public(canonical.decode_base64(str(described["spki"])))


def _host_id(said: Statement) -> str:
    return _of(said, "subject") if said.kind in ("report", "loss") else ""


def _of(said: Statement, name: str) -> str:
    value = said.predicate[name]
    assert isinstance(value, dict)
    return str(value["id"])
