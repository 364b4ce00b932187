"""Plain connections to the SQLite file, for evidence: durable commits, one writer, one error for a full disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.errors import InputError

Connection = sqlite3.Connection

BUSY_TIMEOUT_SECONDS = 20
# 40 MB of write-ahead log before it is folded back: fewer, larger syncs under load.
CHECKPOINT_PAGES = 5000
# A page cache of its own for every connection.
CACHE_KIB = 32 * 1024

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC})
_FULL_HINT = "Nothing was kept of this, and everything kept before is safe. Free space on the server's disk; try again."


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing database; usable from any one thread at a time.

    Transactions are begun and ended explicitly; see `writing`.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    # FULL: a commit returns when the bytes are on the disk, which is what an acknowledgement promises.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: committed at the end, rolled back by any exception.

    IMMEDIATE takes the write lock before anything is read, so that what is read holds until the commit, against
    other processes too. InputError ``disk_full`` or ``busy``.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has already rolled back by itself after some errors, a full disk among them.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.OperationalError as error:
        raise named(error) from error


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """One read transaction: everything read inside is of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def named(error: sqlite3.OperationalError) -> Exception:
    """Return what an operating error of SQLite is called here: InputError where the disk or another process is why."""
    if error.sqlite_errorcode in _FULL:
        return InputError("disk_full", "The server cannot write to its disk.", _FULL_HINT)
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return InputError("busy", "Another process holds the database.", "Try again in a minute.")
    return error
