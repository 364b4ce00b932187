"""`check` finds whatever was changed in what is kept, and names it."""

import zlib
from collections.abc import Callable

import pytest

from config import envelope, shipped, statement
from config.statement import digest
from server import check, database, ledger
from server.home import Home
from tests.server.twin import FOUNDED, InProcess, Twin

# Two bytes: one alone would be the same by chance in one run of 256.
_FLIP = "CAST(substr({0}, 1, {1}) || x'ff00' || substr({0}, {1} + 3) AS BLOB)"

_SWAP = """
UPDATE statement SET leaf_index = CASE leaf_index WHEN 7 THEN -1 WHEN 8 THEN 7 END WHERE leaf_index IN (7, 8);
UPDATE statement SET leaf_index = 8 WHERE leaf_index = -1
"""
_ADD = """
CREATE TEMP TABLE added AS SELECT * FROM host LIMIT 1;
UPDATE added SET host_id = 'zero';
INSERT INTO host SELECT * FROM added
"""

KEV = digest(shipped.feed_files()["kev.json"])


@pytest.fixture
def filled(server: InProcess, enrolled: Callable[..., Twin]) -> Home:
    """A home with two hosts and their reports."""
    for name in ("one", "two"):
        twin = enrolled(name)
        for _ in range(3):
            twin.ship(server)
    server.settle()
    return server.home


def _check(home: Home) -> check.Found:
    connection = database.connect(home.database)
    try:
        return check.check(connection, ledger.hand(home))
    finally:
        connection.close()


def test_nothing_changed(filled: Home) -> None:
    """An honest store checks out, and the count says of what."""
    found = _check(filled)
    assert (None, FOUNDED + 2 + 6, 2, 2) == (found.difference, found.statements, found.sections, found.hosts)
    assert found.text().startswith("All is as it should be: 13 statements")


CHANGES = {
    "statement_gone": ("DELETE FROM statement WHERE leaf_index=7", "log entry 7 is missing"),
    "last_statement_gone": ("DELETE FROM statement WHERE leaf_index=12", "tile/0/000"),
    "statements_swapped": (
        _SWAP,
        "log entry 7 (report)",
    ),
    "envelope_damaged": (
        f"UPDATE statement SET envelope={_FLIP.format('envelope', 40)} WHERE leaf_index=11",
        "log entry 11",
    ),
    "column_changed": (
        "UPDATE statement SET finished_at='' WHERE leaf_index=11",
        "log entry 11 (report): the row's",
    ),
    "digest_changed": (
        "UPDATE statement SET sha256='00' WHERE leaf_index=11",
        "log entry 11 (report): the payload's",
    ),
    "leaf_changed": (f"UPDATE tile SET hashes={_FLIP.format('hashes', 33)}", "tile/0/000"),
    "tile_gone": ("DELETE FROM tile", "tile/0/000"),
    "tile_added": ("INSERT INTO tile VALUES (1, 0, x'00')", "tile/1/000"),
    "size_changed": ("UPDATE log_state SET size=size+1", "the checkpoint is of 13 leaves"),
    "note_changed": ("UPDATE log_state SET checkpoint=replace(checkpoint, '13', '14')", "the checkpoint"),
    "section_damaged": (
        f"UPDATE section SET body={_FLIP.format('body', 20)} WHERE host_id='one'",
        "section ",
    ),
    "section_exchanged": ("UPDATE section SET body=x'789c010200fdff7b7d017600f9'", "section "),
    "file_gone": ("DELETE FROM kept_file", "log entry 1 (catalogue): its file 4.1.toml is not kept"),
    "file_damaged": (
        f"UPDATE kept_file SET body={_FLIP.format('body', 30)}",
        "log entry 1 (catalogue): its file 4.1.toml",
    ),
    "feed_exchanged": (
        f"UPDATE kept_file SET body=x'{zlib.compress(b'{}').hex()}' WHERE sha256='{KEV}'",
        "log entry 3 (feed): its file kev.json has other bytes",
    ),
    "section_gone": ("DELETE FROM section WHERE host_id='two'", "(report): section password is not kept"),
    "head_moved": ("UPDATE host SET last_sequence=2 WHERE host_id='one'", "the row of host one"),
    "section_size": ("UPDATE section SET size_bytes = 1", "bytes, not 1"),
    "host_gone": ("DELETE FROM host WHERE host_id='one'", "the row of host one"),
    "host_added": (_ADD, "the row of host zero"),
    "key_revived": ("UPDATE host_key SET state='revoked' WHERE host_id='two'", "the keys of host two"),
    "no_blob": ("UPDATE tile SET hashes=CAST(x'ff' AS TEXT)", "the database cannot be read"),
    "hosts_miscounted": ("UPDATE host_count SET hosts=hosts+1", "the counted hosts"),
    "count_changed": ("UPDATE verdict_count SET hosts=hosts+1", "the counted verdicts"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed(name: str, filled: Home) -> None:
    """One change to one row, whoever may write to the database, and it is named."""
    sql, difference = CHANGES[name]
    connection = database.connect(filled.database)
    connection.executescript(sql)
    connection.close()
    found = _check(filled)
    assert found.difference is not None
    assert difference in found.difference
    assert found.text().startswith("First difference: ")


def test_statement_by_a_strangers_key(filled: Home) -> None:
    """A statement that verifies, but not by the key that should have signed it, is named."""
    connection = database.connect(filled.database)
    sql = "SELECT envelope FROM statement WHERE leaf_index=8"
    payload = envelope.decode(zlib.decompress(connection.execute(sql).fetchone()[0])).payload
    forged = envelope.encode(envelope.sign(payload, Twin().key))
    assert statement.decode(payload).kind == "report"
    connection.execute("UPDATE statement SET envelope=? WHERE leaf_index=8", (zlib.compress(forged),))
    connection.close()
    assert "log entry 8 (report): bad_signature" in str(_check(filled).difference)
