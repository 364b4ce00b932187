"""Long lists in pages, and what a query may say."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from config.errors import InputError
from server.fleet import PAGE_ROWS

_TEXT_MAX = 255
_NUMBER_MAX = 1 << 53


def text(request: HttpRequest, name: str) -> str:
    """Return a text of the query; InputError ``bad_request`` when it is longer than any name."""
    value = request.GET.get(name, "")
    if len(value) > _TEXT_MAX or "\0" in value:
        raise InputError("bad_request", f"The value of {name} is too long.", "Open the list again.")
    return value


def after(request: HttpRequest) -> str:
    """Return the row that the page begins after; empty for the first page."""
    return text(request, "after")


def chosen(request: HttpRequest, name: str, known: Sequence[str], default: str) -> str:
    """Return one of a few words; InputError ``bad_request`` for another."""
    value = request.GET.get(name) or default
    if value not in known:
        raise InputError("bad_request", f"{name} is one of: {', '.join(known)}.", "Open the list again.")
    return value


def before(request: HttpRequest) -> int | None:
    """Return the entry that the page ends before; None for the newest; InputError ``bad_request``."""
    value = text(request, "before")
    if not value:
        return None
    if not (value.isascii() and value.isdecimal()) or int(value) > _NUMBER_MAX:
        raise InputError("bad_request", "before is the number of an entry.", "Open the log again.")
    return int(value)


def cut(
    request: HttpRequest, rows: Sequence[Any], names: Sequence[str], key: str = "after"
) -> dict[str, Any]:
    """Return a page of rows of which one more than shown was asked for, with the queries of the first and next."""
    query = request.GET.copy()
    query.pop(key, None)
    first = query.urlencode()
    following = ""
    if len(rows) > PAGE_ROWS:
        query[key] = names[PAGE_ROWS - 1]
        following = query.urlencode()
    return {"rows": rows[:PAGE_ROWS], "after": request.GET.get(key, ""), "first": first, "next": following}
