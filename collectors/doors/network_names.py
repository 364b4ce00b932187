"""DNS names on a list of known devices, as the machine that looks resolves them, before it looks.

A name that has no address here names nothing here. One of which no answer came stays as it is: then nobody can say of
any device that it is unknown. The resolver has its own patience with a name (resolv.conf(5): seconds); names are asked
for side by side, and none is begun after the time for all of them is over.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from collectors.door_network import Declared, Device

NAMES_MAX_SECONDS: Final = 60.0
_AT_ONCE: Final = 16
_NONE: Final = {
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
}


def lookup(name: str) -> list[str] | None:
    """The addresses of a name, none where it has none; None where no answer came."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return [] if error.errno in _NONE else None
    except (OSError, UnicodeError):
        return None
    return sorted({str(address[0]).partition("%")[0] for *_, address in found})


def resolved(
    declared: Declared,
    look: Callable[[str], list[str] | None] = lookup,
    budget_seconds: float = NAMES_MAX_SECONDS,
) -> Declared:
    """The declaration with the addresses of the names on its list."""
    names = [device.name for device in declared.known or () if device.name]
    if not names:
        return declared
    ends = time.monotonic() + budget_seconds

    def in_time(name: str) -> list[str] | None:
        return look(name) if time.monotonic() < ends else None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(names, pool.map(in_time, names), strict=True))
    return replace(declared, known=tuple(_addressed(declared.known or (), found)))


def _addressed(known: Iterable[Device], found: dict[str, list[str] | None]) -> Iterator[Device]:
    for device in known:
        addresses = found.get(device.name)
        if not device.name or addresses is None:
            yield device
        else:
            yield from (replace(device, address=address) for address in addresses)
