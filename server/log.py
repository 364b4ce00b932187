"""The append-only log in the database: RFC 6962 hashes in C2SP tiles, and the signed head.

Everything here runs inside the caller's transaction. An append reads the head anew under the write lock, so that the
server and a command beside it never make two logs.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from config import checkpoint, merkle, tiles
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.keys import PrivateKey
from config.receipt import Receipt

# About 10 MB; a proof needs 20 of them, and those near the right edge again and again.
NODES_MAX = 1 << 16
_TILES_MAX = 16


@dataclass(frozen=True)
class LogHead:
    """The log as of one moment."""

    size: int
    root: bytes
    note: str


class Tree:
    """The log's hashes: read from tiles, and the roots of complete subtrees remembered, as those never change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}
        self.node = tiles.node_reader(self.tile, self._nodes)

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes that a tile holds; nothing where there is none."""
        found = self._tiles.get((level, index))
        if found is None:
            sql = "SELECT hashes FROM tile WHERE level=? AND tile_index=?"
            row = self._connection.execute(sql, (level, index)).fetchone()
            found = bytes(row[0]) if row else b""
            if len(self._tiles) >= _TILES_MAX:
                self._tiles.clear()
            self._tiles[level, index] = found
        return found

    def refresh(self) -> None:
        """Read tiles anew from here on: to be called when a transaction begins, since others append too."""
        self._tiles.clear()
        if len(self._nodes) > NODES_MAX:
            self._nodes.clear()

    def forget(self) -> None:
        """Drop all that is remembered: to be called after a rollback, since some of it was never committed."""
        self._tiles.clear()
        self._nodes.clear()

    def extend(self, size: int, leaves: Sequence[bytes]) -> bytes:
        """Append leaf hashes to a log of `size` leaves; return the new root."""
        changed = tiles.append(size, leaves, self.tile)
        rows = [(level, index, hashes) for (level, index), hashes in changed.items()]
        sql = (
            "INSERT INTO tile (level, tile_index, hashes) VALUES (?, ?, ?)"
            " ON CONFLICT (level, tile_index) DO UPDATE SET hashes=excluded.hashes"
        )
        self._connection.executemany(sql, rows)
        self._tiles.clear()
        self._nodes.update({(0, size + place): leaf for place, leaf in enumerate(leaves)})
        return merkle.root(size + len(leaves), self.node)

    def receipt(self, payload_sha256: str, leaf_index: int, head: LogHead, known_size: int) -> Receipt:
        """Return the receipt for a leaf under a head, for an agent that knows the log at `known_size` leaves.

        An agent that knows a longer log than ours gets no proof, since there is none; it raises its alarm.
        """
        inclusion = merkle.inclusion_proof(leaf_index, head.size, self.node)
        consistency = merkle.consistency_proof(min(known_size, head.size), head.size, self.node)
        return Receipt(
            payload_sha256,
            leaf_index,
            head.note,
            tuple(each.hex() for each in inclusion),
            known_size,
            tuple(each.hex() for each in consistency),
        )


def begin(connection: sqlite3.Connection, key: PrivateKey, origin: str) -> None:
    """Write the head of an empty log."""
    note = checkpoint.sign(Checkpoint(origin, 0, merkle.EMPTY_ROOT), key).decode()
    values = (merkle.EMPTY_ROOT.hex(), note)
    connection.execute("INSERT INTO log_state (id, size, root, checkpoint) VALUES (1, 0, ?, ?)", values)


def head(connection: sqlite3.Connection) -> LogHead:
    """Return the head; InputError ``home_incomplete`` where there is no log yet."""
    row = connection.execute("SELECT size, root, checkpoint FROM log_state WHERE id=1").fetchone()
    if row is None:
        raise InputError("home_incomplete", "The database holds no log.")
    return LogHead(row[0], bytes.fromhex(row[1]), row[2])


def extend(
    connection: sqlite3.Connection, tree: Tree, leaves: Sequence[bytes], key: PrivateKey, origin: str
) -> LogHead:
    """Append leaf hashes under the write lock; return the new head, signed in the same transaction."""
    old = head(connection)
    size = old.size + len(leaves)
    root = tree.extend(old.size, leaves)
    note = checkpoint.sign(Checkpoint(origin, size, root), key).decode()
    sql = "UPDATE log_state SET size=?, root=?, checkpoint=? WHERE id=1"
    connection.execute(sql, (size, root.hex(), note))
    return LogHead(size, root, note)
