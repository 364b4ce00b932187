"""The files that entries of the log name by their digests: catalogues, profiles, feeds."""

import sqlite3
import zlib
from collections.abc import Mapping

from config import statement
from config.canonical import Json
from config.statement import Subject
from server.ledger import PACK_LEVEL, Entries, Said


def keep(entries: Entries, kind: str, files: Mapping[str, bytes], said: Mapping[str, Json]) -> Said:
    """Keep the files, by name, and say in the log that they count from here on."""
    subjects = [Subject(name, statement.digest(data)) for name, data in sorted(files.items())]
    rows = [(statement.digest(data), zlib.compress(data, PACK_LEVEL)) for data in files.values()]
    sql = "INSERT INTO kept_file (sha256, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
    entries.connection.executemany(sql, rows)
    return entries.say(kind, subjects, said)


def read(connection: sqlite3.Connection, sha256: str) -> bytes:
    """Return a file; LookupError where it is gone or was changed, which is no state of a home that is whole."""
    row = connection.execute("SELECT body FROM kept_file WHERE sha256=?", (sha256,)).fetchone()
    data = zlib.decompress(row[0]) if row else b""
    if row is None or statement.digest(data) != sha256:
        raise LookupError(f"the kept file {sha256} is gone or was changed: run boltseal-server check")
    return data
