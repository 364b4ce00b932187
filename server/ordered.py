"""Long lists that are made anew for each page: their order, and the part after a row."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

_NAME_MAX = 80


class Keyed(Protocol):
    """A row that knows its place."""

    @property
    def key(self) -> str:
        """Rows stand in the order of their keys, and no two have the same."""
        ...


_Row = TypeVar("_Row", bound=Keyed)


def key(place: str, name: str, *others: str) -> str:
    """Return a row's place among others: by a prefix, by name, and short whatever a stranger calls it."""
    told = hashlib.sha256("\0".join((name, *others)).encode()).hexdigest()[:16]
    shown = "".join(each if each.isprintable() else "?" for each in name.lower()[:_NAME_MAX])
    return f"{place} {shown} {told}"


def fitting(rows: Iterable[_Row], search: str, *fields: str) -> list[_Row]:
    """Return the rows that have a text, whatever its case, in one of their fields."""
    wanted = search.lower()
    return [row for row in rows if any(wanted in getattr(row, each).lower() for each in fields)]


def part(rows: Sequence[_Row], after: str, limit: int) -> list[_Row]:
    """Return the rows after a key, up to a limit; the row itself need no longer be there."""
    start = bisect_right(rows, after, key=lambda row: row.key) if after else 0
    return list(rows[start : start + limit])


def page(
    rows: Sequence[_Row], search: str, fields: Sequence[str], after: str, limit: int
) -> tuple[list[_Row], str | None]:
    """Return the rows after a key that have a text, up to a limit, and the key after which the next ones begin."""
    found = part(fitting(rows, search, *fields), after, limit + 1)
    return found[:limit], found[limit - 1].key if len(found) > limit else None
