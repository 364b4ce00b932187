"""The log at a million leaves against the log at a thousand: appending and proving must cost the same."""

import hashlib
import os
import sqlite3
import tempfile
from pathlib import Path

import django
from measure import cpu_seconds, figure

from config import keys
from server import log
from server.database import connect, writing

ORIGIN = "bench.example/log"
BATCH = 128
RECEIPTS = 128
FLEET = 900
SMALL, LARGE = 1_000, 1_000_000


def main() -> None:
    """Build both logs and print the two ratios."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.settings")
    django.setup()
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_costs(Path(folder) / f"{size}.sqlite3", size) for size in (SMALL, LARGE))
    aim = "<= 1.5 x"
    figure(f"append, {BATCH} leaves a commit, per leaf", large[0], small[0], "us", aim)
    figure("receipt's two proofs, by a running server", large[1], small[1], "us", aim)
    figure("receipt's two proofs, nothing remembered", large[2], small[2], "us", aim)


def _costs(path: Path, size: int) -> tuple[float, float, float]:
    """Return the CPU microseconds of appending a leaf, and of a receipt's two proofs, warm and cold."""
    connection = _database(path)
    key = keys.generate()
    with writing(connection):
        log.begin(connection, key, ORIGIN)
    tree = log.Tree(connection)
    for first in range(0, size, 4096):
        _append(connection, tree, key, range(first, min(size, first + 4096)))
    appended = cpu_seconds(lambda: _append(connection, tree, key, range(BATCH)), 40) / BATCH
    proved = cpu_seconds(lambda: _receipts(tree, log.head(connection), size), 5) / RECEIPTS
    cold = cpu_seconds(lambda: _receipts(log.Tree(connection), log.head(connection), size, 1), 15)
    connection.close()
    return appended * 1e6, proved * 1e6, cold * 1e6


def _receipts(tree: log.Tree, head: log.LogHead, size: int, count: int = RECEIPTS) -> None:
    """Make receipts as the writer does: for the newest leaves, each for an agent last heard a night ago."""
    for number in range(count):
        tree.refresh()
        tree.receipt("", head.size - 1 - number, head, size - 1 - number * 7919 % FLEET)


def _append(connection: sqlite3.Connection, tree: log.Tree, key: keys.PrivateKey, numbers: range) -> None:
    leaves = [hashlib.sha256(number.to_bytes(8, "big")).digest() for number in numbers]
    with writing(connection):
        tree.refresh()
        log.extend(connection, tree, leaves, key, ORIGIN)


def _database(path: Path) -> sqlite3.Connection:
    from server.store import schema  # models load only after django.setup()

    schema.create(path)
    return connect(path)


if __name__ == "__main__":
    main()
