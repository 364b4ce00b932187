"""What commands share: the home's database, and lines for a person or a script."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from server import database, fleet, ledger
from server.home import Home
from server.ledger import Entries

_Row = TypeVar("_Row")


@contextmanager
def opened(home: Home) -> Iterator[database.Connection]:
    """The home's database."""
    connection = database.connect(home.database)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def entering(home: Home, connection: database.Connection) -> Iterator[Entries]:
    """One transaction that may add entries to the log, now."""
    with ledger.entering(connection, ledger.hand(home), datetime.now(UTC)) as entries:
        yield entries


def print_rows(rows: Iterable[_Row], line: Callable[[_Row], str], as_json: bool) -> None:
    """Print a line a row, or all as one JSON value."""
    if as_json:
        print(json.dumps([fleet.as_json(each) for each in rows]))
    else:
        print("".join(f"{line(each)}\n" for each in rows), end="")


def plain(text: str) -> str:
    """A stranger's own words without what would move the cursor or forge a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
