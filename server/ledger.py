"""Putting signed statements into the table and the log, in one transaction; the server's own are signed here."""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from config import canonical, envelope, merkle, statement
from config.canonical import Json
from config.checkpoint import vkey
from config.keys import PrivateKey
from config.statement import Statement, Subject
from server import database, log
from server.home import Home
from server.log import Tree

PACK_LEVEL = 6


@dataclass(frozen=True)
class Hand:
    """The keys with which the server signs, and the log's name."""

    server: PrivateKey
    log: PrivateKey
    origin: str

    @property
    def vkey(self) -> str:
        """The log's verifier key, as agents and auditors know it."""
        return vkey(self.origin, self.log.public)


@dataclass(frozen=True)
class Said:
    """A statement that the server has signed."""

    sha256: str
    envelope_bytes: bytes
    leaf_index: int
    said: Statement


class Entries:
    """The statements of one transaction: rows at once, log leaves together at its end."""

    def __init__(self, connection: sqlite3.Connection, hand: Hand, now: datetime) -> None:
        self.connection = connection
        self.moment = now
        self.now = canonical.encode_time(now)
        self._hand = hand
        self.head = log.head(connection)
        """The log's head: of the time before until the transaction ends, then the one it committed."""
        self._size = self.head.size
        self._leaves: list[bytes] = []

    def add(
        self,
        kind: str,
        payload: bytes,
        envelope_bytes: bytes,
        host_id: str = "",
        sequence: int | None = None,
        chain_sha256: str = "",
        finished_at: str = "",
    ) -> int:
        """Keep a statement that has been verified, and return its place in the log."""
        index = self._size + len(self._leaves)
        sql = (
            "INSERT INTO statement (sha256, kind, host_id, sequence, chain_sha256, leaf_index, envelope,"
            " finished_at, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        packed = zlib.compress(envelope_bytes, PACK_LEVEL)
        values = (
            statement.digest(payload),
            kind,
            host_id,
            sequence,
            chain_sha256,
            index,
            packed,
            finished_at,
            self.now,
        )
        self.connection.execute(sql, values)
        self._leaves.append(merkle.leaf_hash(payload))
        return index

    def say(
        self, kind: str, subjects: Sequence[Subject], predicate: Mapping[str, Json], host_id: str = ""
    ) -> Said:
        """Sign and keep a statement of the server's own."""
        said = Statement(kind, tuple(subjects), predicate)
        payload = statement.encode(said)
        envelope_bytes = envelope.encode(envelope.sign(payload, self._hand.server))
        index = self.add(kind, payload, envelope_bytes, host_id)
        return Said(statement.digest(payload), envelope_bytes, index, said)

    def close(self, tree: Tree) -> None:
        """Append the leaves and sign the new head; without leaves the head stays as it is."""
        if self._leaves:
            self.head = log.extend(self.connection, tree, self._leaves, self._hand.log, self._hand.origin)


def hand(home: Home) -> Hand:
    """Read the server's keys."""
    return Hand(home.key("server"), home.key("log"), home.settings().origin)


@contextmanager
def entering(
    connection: sqlite3.Connection, hand: Hand, now: datetime, tree: Tree | None = None
) -> Iterator[Entries]:
    """One transaction that may add statements: they and the log's new head are committed together, or not at all."""
    tree = tree or Tree(connection)
    try:
        with database.writing(connection):
            tree.refresh()
            entries = Entries(connection, hand, now)
            yield entries
            entries.close(tree)
    except BaseException:
        tree.forget()
        raise


def kept_envelope(connection: sqlite3.Connection, sha256: str) -> bytes | None:
    """Return the exact bytes of a statement's envelope, by its payload's digest."""
    row = connection.execute("SELECT envelope FROM statement WHERE sha256=?", (sha256,)).fetchone()
    return zlib.decompress(row[0]) if row else None


def newest_envelope(connection: sqlite3.Connection, kind: str) -> bytes:
    """Return the newest statement of a kind of the server's own that is always there, as its exact envelope bytes."""
    sql = "SELECT envelope FROM statement WHERE kind=? AND NOT kind IN ('report', 'loss') ORDER BY leaf_index DESC"
    return zlib.decompress(connection.execute(sql, (kind,)).fetchone()[0])


def of_kind(
    connection: sqlite3.Connection, kind: str, size: int | None = None
) -> Iterator[tuple[int, Statement]]:
    """Yield (leaf index, statement) of a kind of the server's own, in the log's order, of the first `size` leaves."""
    # Said as the index says it, so that SQLite sees that it may use it.
    sql = (
        "SELECT leaf_index, envelope FROM statement"
        " WHERE kind=? AND leaf_index < ? AND NOT kind IN ('report', 'loss') ORDER BY leaf_index"
    )
    for index, packed in connection.execute(sql, (kind, size if size is not None else 1 << 62)):
        yield index, _said(packed)


@lru_cache(maxsize=4096)
def _said(packed: bytes) -> Statement:
    """Read a statement once a process: the rules in force are asked for at every page, and feeds come every day."""
    return statement.decode(envelope.decode(zlib.decompress(packed)).payload)
