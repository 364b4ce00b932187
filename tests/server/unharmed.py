"""What every test of bad input ends with: nothing kept was lost or changed, and the next good report is admitted."""

from collections.abc import Iterator
from contextlib import contextmanager

from server import check, database, ledger
from server.home import Home
from tests.server.twin import Server, Twin, rows

_KEPT = (
    "SELECT sha256, leaf_index, envelope FROM statement",
    "SELECT host_id, sha256, body FROM section",
    "SELECT sha256, body FROM kept_file",
)


def intact(home: Home) -> check.Found:
    """The home, checked as `boltseal-server check` does it."""
    connection = database.connect(home.database)
    try:
        found = check.check(connection, ledger.hand(home))
    finally:
        connection.close()
    assert found.difference is None
    return found


def kept(home: Home) -> set[tuple[object, ...]]:
    """All evidence as it is kept."""
    return {row for sql in _KEPT for row in rows(home, sql)}


@contextmanager
def unharmed(server: Server, twin: Twin) -> Iterator[None]:
    """Run bad input inside; `twin` is the good host."""
    assert 200 == twin.ship(server).status
    before = kept(server.home)
    yield
    assert before <= kept(server.home)
    assert 200 == twin.ship(server).status
    intact(server.home)
