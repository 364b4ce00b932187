"""When each user last logged in: lastlog, wtmp, and the databases that follow them (lastlog2, wtmpdb).

Each of them is looked at where it is there; a user is in the answer only when a login was seen. A file that
cannot be read or has grown too large says nothing.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import rfc3339
from collectors.readers.passwd import Account

LASTLOG: Final = "/var/log/lastlog"
WTMP: Final = "/var/log/wtmp"
DATABASES: Final = (
    ("/var/lib/lastlog/lastlog2.db", "SELECT Name, Time FROM Lastlog2"),
    ("/var/lib/wtmpdb/wtmp.db", "SELECT User, Login / 1000000 FROM wtmp WHERE Type = 3"),
)
_MAX_BYTES: Final = 16 * 1024 * 1024
_LASTLOG_SIZES: Final = ((292, "<i"), (296, "<q"))  # with a 32-bit time, and a 64-bit one (lastlog.h)
_UTMP: Final = struct.Struct("<h42x32s256x8xi40x")  # type, user, seconds: 384 bytes (utmp(5), 64-bit x86)
_USER_PROCESS: Final = 7
_STEPS_MAX: Final = 20_000_000
_ROWS_MAX: Final = 1_000_000


def last_logins(host: Host, people: list[Account]) -> tuple[dict[str, str], list[str]]:
    """The last login of each user who was seen, in RFC 3339, and the files that told."""
    latest: dict[str, int] = {}
    sources = []
    readers: list[tuple[str, Callable[[bytes], Iterator[tuple[str, int]]]]] = [
        (LASTLOG, lambda data: _lastlog(data, people)),
        (WTMP, _wtmp),
        *((path, partial(_database, query)) for path, query in DATABASES),
    ]
    for path, reader in readers:
        try:
            data = host.read(path, _MAX_BYTES)
        except Unseen:
            continue
        sources.append(path)
        for name, seconds in reader(data):
            if 0 < seconds < 253402300800:
                latest[name] = max(seconds, latest.get(name, 0))
    return {name: rfc3339(datetime.fromtimestamp(seconds, UTC)) for name, seconds in latest.items()}, sources


def _lastlog(data: bytes, people: list[Account]) -> Iterator[tuple[str, int]]:
    size, form = next((one for one in _LASTLOG_SIZES if len(data) % one[0] == 0), _LASTLOG_SIZES[0])
    for person in people:
        at = person.uid * size
        if at + size <= len(data):
            yield person.name, struct.unpack_from(form, data, at)[0]


def _wtmp(data: bytes) -> Iterator[tuple[str, int]]:
    whole = len(data) - len(data) % _UTMP.size
    for kind, user, seconds in _UTMP.iter_unpack(memoryview(data)[:whole]):
        if kind == _USER_PROCESS:
            yield user.partition(b"\0")[0].decode("utf-8", "replace"), seconds


def _database(query: str, data: bytes) -> Iterator[tuple[str, int]]:
    """Rows of an SQLite database, opened in memory so that nothing is written beside it.

    A hostile one may hold a view in the table's place, which computes for ever or makes a gigabyte.
    """
    if not data:
        return
    connection = sqlite3.connect(":memory:")
    connection.set_progress_handler(lambda: 1, _STEPS_MAX)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_BYTES)
    try:
        connection.deserialize(data)
        connection.execute("PRAGMA trusted_schema = OFF")
        for name, seconds in connection.execute(query).fetchmany(_ROWS_MAX):
            if isinstance(name, str) and isinstance(seconds, int):
                yield name, seconds
    except sqlite3.Error:
        return
    finally:
        connection.close()
