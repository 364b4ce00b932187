"""Once per scan: what several collectors need of one host is read and parsed a single time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from collectors.door import Host, Unseen

_T = TypeVar("_T")


def once(host: Host, function: Callable[[Host], _T]) -> _T:
    """`function(host)`, kept at the door for the whole scan; an `Unseen` is kept and raised again."""
    key = f"{function.__module__}.{function.__qualname__}"
    if key not in host.cache:
        try:
            host.cache[key] = function(host)
        except Unseen as unseen:
            host.cache[key] = unseen
    value = host.cache[key]
    if isinstance(value, Unseen):
        raise Unseen(value.reason, value.source, value.detail)
    return cast(_T, value)
