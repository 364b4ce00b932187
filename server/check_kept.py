"""Checking what entries of the log name by its digest: sections, catalogues, profiles, feeds."""

import sqlite3
import zlib

from config import section, statement
from config.errors import InputError
from config.statement import Statement

_WITH_FILES = ("catalogue", "profile", "feed")


class DifferenceError(Exception):
    """Something kept is not what it should be."""


def named(connection: sqlite3.Connection, index: int, said: Statement, host_id: str) -> None:
    """What an entry names is kept: a report's sections of its host, the files of what was adopted."""
    where = f"log entry {index} ({said.kind})"
    if said.kind == "report":
        sql = "SELECT count(*) FROM section WHERE host_id=? AND sha256=? AND collector=?"
        for each in said.subjects:
            if connection.execute(sql, (host_id, each.sha256, each.name)).fetchone()[0] != 1:
                raise DifferenceError(f"{where}: section {each.name} is not kept")
    elif said.kind in _WITH_FILES:
        for each in said.subjects:
            _file(connection, each.sha256, f"{where}: its file {each.name}")


def sections(connection: sqlite3.Connection) -> int:
    """Every section has the digest and the size that it is kept under; return how many there are."""
    count = 0
    for host_id, sha256, size, body in connection.execute(
        "SELECT host_id, sha256, size_bytes, body FROM section"
    ):
        where = f"section {sha256} of host {host_id}"
        try:
            data = zlib.decompress(body)
            section.decode(data)
        except (InputError, zlib.error) as error:
            raise DifferenceError(f"{where}: {error}") from error
        if statement.digest(data) != sha256:
            raise DifferenceError(f"{where}: its bytes have another digest")
        if len(data) != size:
            raise DifferenceError(f"{where}: it has {len(data)} bytes, not {size}")
        count += 1
    return count


def _file(connection: sqlite3.Connection, sha256: str, where: str) -> None:
    row = connection.execute("SELECT body FROM kept_file WHERE sha256=?", (sha256,)).fetchone()
    if row is None:
        raise DifferenceError(f"{where} is not kept")
    try:
        data = zlib.decompress(row[0])
    except zlib.error as error:
        raise DifferenceError(f"{where}: {error}") from error
    if statement.digest(data) != sha256:
        raise DifferenceError(f"{where} has other bytes")
