"""The log in the database: proofs for every leaf, tiles as others read them, and no half-written state."""

import sqlite3
import threading
from collections.abc import Iterator

import pytest

from config import checkpoint, keys, merkle, tiles
from config.checkpoint import Checkpoint
from server import database, ledger, log
from server.database import Connection
from server.home import Home
from server.log import Tree
from tests.server.twin import FOUNDED, NOW, InProcess, Twin
from tests.server.unharmed import intact

KEY = keys.generate()
ORIGIN = "boltseal/test"


@pytest.fixture
def connection(home: Home) -> Iterator[Connection]:
    """A database with an empty log."""
    opened = database.connect(home.database)
    for table in ("log_state", "tile", "statement"):
        opened.execute(f"DELETE FROM {table}")
    log.begin(opened, KEY, ORIGIN)
    yield opened
    opened.close()


def _leaf(number: int) -> bytes:
    return merkle.leaf_hash(str(number).encode())


def _append(connection: Connection, tree: Tree, numbers: range) -> log.LogHead:
    with database.writing(connection):
        return log.extend(connection, tree, [_leaf(number) for number in numbers], KEY, ORIGIN)


@pytest.mark.parametrize("step", [1, 7, 128, 300])
def test_proofs(connection: Connection, step: int) -> None:
    """However the leaves came in, each is proven and each head extends the ones before."""
    tree, total = Tree(connection), 600
    heads = [
        _append(connection, tree, range(start, min(start + step, total))) for start in range(0, total, step)
    ]
    last = heads[-1]
    vkey = checkpoint.vkey(ORIGIN, KEY.public)
    assert Checkpoint(ORIGIN, total, last.root) == checkpoint.verify(last.note.encode(), [vkey])
    for reader in (tree, Tree(connection)):
        for number in (0, 1, 255, 256, 257, 511, 512, total - 1):
            proof = reader.receipt("0" * 64, number, last, 0).inclusion
            merkle.verify_inclusion(
                _leaf(number), number, total, [bytes.fromhex(each) for each in proof], last.root
            )
        for head in heads[:: max(1, len(heads) // 20)]:
            proof = reader.receipt("0" * 64, 0, last, head.size).consistency
            hashes = [bytes.fromhex(each) for each in proof]
            merkle.verify_consistency(head.size, head.root, total, last.root, hashes)


def test_rolled_back(connection: Connection) -> None:
    """Leaves of a transaction that failed leave no trace, in the tables or in what is remembered."""
    tree = Tree(connection)
    _append(connection, tree, range(200))
    with pytest.raises(sqlite3.IntegrityError):
        _fail(connection, tree)
    tree.forget()
    head = _append(connection, tree, range(200, 300))
    expected = {(0, number): _leaf(number) for number in range(300)}
    assert head.root == merkle.root(300, lambda level, index: _node(expected, level, index))


def _fail(connection: Connection, tree: Tree) -> None:
    with database.writing(connection):
        tree.refresh()
        log.extend(connection, tree, [_leaf(-1)] * 100, KEY, ORIGIN)
        connection.execute("INSERT INTO log_state SELECT * FROM log_state")


def _node(leaves: dict[tuple[int, int], bytes], level: int, index: int) -> bytes:
    if level == 0:
        return leaves[0, index]
    return merkle.node_hash(_node(leaves, level - 1, 2 * index), _node(leaves, level - 1, 2 * index + 1))


def test_two_writers(home: Home) -> None:
    """Two processes' worth of connections that append at once make one log."""

    def append(kind: int) -> None:
        connection, hand = database.connect(home.database), ledger.hand(home)
        for number in range(20):
            with ledger.entering(connection, hand, NOW) as entries:
                said = {"host_id": f"h{kind}-{number}", "reason": "test", "released_at": entries.now}
                entries.say("release", [], said, f"h{kind}-{number}")
        connection.close()

    threads = [threading.Thread(target=append, args=(kind,)) for kind in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert FOUNDED + 60 == intact(home).statements


def test_failed_entry_leaves_nothing(home: Home) -> None:
    """A command that fails half-way has said nothing."""
    connection = database.connect(home.database)
    before = log.head(connection)
    with pytest.raises(KeyError):
        _say_and_fail(connection, home)
    assert before == log.head(connection)
    connection.close()
    intact(home)


def _say_and_fail(connection: Connection, home: Home) -> None:
    with ledger.entering(connection, ledger.hand(home), NOW) as entries:
        entries.say("release", [], {"host_id": "h", "reason": "test", "released_at": entries.now})
        raise KeyError


def test_tiles_are_served(server: InProcess, twin: Twin) -> None:
    """A reader of C2SP tiles finds the leaves under the checkpoint it was given."""
    for _ in range(3):
        twin.ship(server)
    note = server.request("GET", "/checkpoint")
    assert note.body == server.request("GET", "/api/v1/checkpoint").body
    vkey = checkpoint.vkey("boltseal/test", server.home.key("log").public)
    head = checkpoint.verify(note.body, [vkey])
    answer = server.request("GET", f"/{tiles.tile_path(0, 0, head.size)}")
    assert "public, max-age=31536000, immutable" == answer.headers["cache-control"]
    assert 32 * head.size == len(answer.body)
    assert head.root == merkle.root(head.size, tiles.node_reader(lambda level, index: answer.body))
    shorter = server.request("GET", f"/{tiles.tile_path(0, 0, 2)}").body
    assert answer.body[:64] == shorter
