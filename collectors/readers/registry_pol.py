"""Registry.pol, the registry values of a group policy ([MS-GPREG] 2.2.1).

`PReg` and version 1, then `[key;value;type;size;data]` again and again, in UTF-16. Values whose name
begins with `**` are orders to delete or to secure something; they are handed back as they stand.
"""

from __future__ import annotations

import re
import struct
from typing import Final, NamedTuple

from collectors.door import Unseen

DWORD: Final = 4
ENTRIES_MAX: Final = 20_000
_HEAD: Final = b"PReg\x01\x00\x00\x00"
_NAMES: Final = re.compile(r"\[([^;\x00]{1,512})\x00;([^;\x00]{0,512})\x00;")


class Order(NamedTuple):
    """One line: what a value is to hold. `number` is None where it is no number of 32 bits."""

    key: str
    value: str
    number: int | None


def orders(data: bytes, source: str) -> tuple[Order, ...]:
    """Every line in its order, keys and values in lower case. `malformed` for anything else than such a file."""
    if not data.startswith(_HEAD):
        raise Unseen("malformed", source, "no Registry.pol")
    found: list[Order] = []
    at = len(_HEAD)
    while at < len(data):
        if len(found) == ENTRIES_MAX:
            raise Unseen("too_large", source)
        order, at = _order(data, at, source)
        found.append(order)
    return tuple(found)


def _order(data: bytes, at: int, source: str) -> tuple[Order, int]:
    names = _NAMES.match(data[at : at + 2_064].decode("utf-16-le", "replace"))
    if not names:
        raise Unseen("malformed", source, "a torn line")
    at += len(names[0].encode("utf-16-le"))
    try:
        kind, first, size, second = struct.unpack_from("<IHIH", data, at)
    except struct.error:
        raise Unseen("malformed", source, "a torn line") from None
    at += 12
    value = data[at : at + size]
    if (first, second) != (0x3B, 0x3B) or len(value) != size or data[at + size : at + size + 2] != b"]\x00":
        raise Unseen("malformed", source, "a torn line")
    number = int.from_bytes(value, "little") if (kind, size) == (DWORD, 4) else None
    return Order(names[1].lower(), names[2].lower(), number), at + size + 2
