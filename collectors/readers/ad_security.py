"""Security descriptors as Active Directory stores them ([MS-DTYP] 2.4.6), as far as its access list goes."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Collection
from typing import Final, NamedTuple

from collectors.door import Unseen
from collectors.readers.ad_values import sid

LIST_CHILDREN: Final = 0x4
READ_PROPERTY: Final = 0x10
CONTROL_ACCESS: Final = 0x100
_GENERIC_READ_OR_ALL: Final = 0x80000000 | 0x10000000
_INHERIT_ONLY: Final = 0x8
_ALLOWING, _OBJECT, _CONDITIONAL = (
    frozenset({0, 5, 9, 11}),
    frozenset({5, 6, 11, 12}),
    frozenset({9, 10, 11, 12}),
)
_DENYING: Final = frozenset({1, 6, 10, 12})
_DACL_PRESENT: Final = 0x4


class Ace(NamedTuple):
    """One line of an access list. `is_scoped` where it is about one property, right or child, or conditional.

    `about` is the property or right as GUID in lower case, "" where it is about all.
    """

    allows: bool
    mask: int
    identifier: str
    inherit_only: bool
    is_scoped: bool
    about: str = ""
    is_conditional: bool = False


def aces(value: bytes, source: str) -> tuple[Ace, ...] | None:
    """The access list in its order; None where there is none at all, which lets everybody do everything."""
    try:
        _, _, control, *_, dacl = struct.unpack_from("<BBHIIII", value)
        if not control & _DACL_PRESENT or not dacl:
            return None
        _, _, _, count, _ = struct.unpack_from("<BBHHH", value, dacl)
        found, at = [], dacl + 8
        for _ in range(count):
            kind, flags, size = struct.unpack_from("<BBH", value, at)
            if size < 8 or at + size > len(value):
                raise Unseen("malformed", source, "a torn access list")
            if kind in _ALLOWING | _DENYING:
                found.append(_ace(value[at : at + size], kind, flags, source))
            at += size
    except struct.error:
        raise Unseen("malformed", source, "a torn security descriptor") from None
    return tuple(found)


def _ace(value: bytes, kind: int, flags: int, source: str) -> Ace:
    (mask,) = struct.unpack_from("<I", value, 4)
    at, scoped, about = 8, kind in _CONDITIONAL, ""
    if kind in _OBJECT:
        (there,) = struct.unpack_from("<I", value, 8)
        if there & 1:
            about = str(uuid.UUID(bytes_le=value[12:28].ljust(16, b"\0")))
        at, scoped = 12 + 16 * (there & 1) + 16 * (there >> 1 & 1), scoped or bool(there & 3)
    length = 8 + 4 * value[at + 1] if at + 1 < len(value) else 0
    who = sid(value[at : at + length], source)
    return Ace(kind in _ALLOWING, mask, who, bool(flags & _INHERIT_ONLY), scoped, about, kind in _CONDITIONAL)


def may(listed: tuple[Ace, ...] | None, identifiers: Collection[str], right: int) -> bool:
    """Whether somebody with these identifiers has a right, by the first line that decides; in doubt not."""
    if listed is None:
        return True
    for ace in listed:
        if ace.identifier not in identifiers or ace.inherit_only:
            continue
        if ace.mask & (right | _GENERIC_READ_OR_ALL) and not (ace.allows and ace.is_scoped):
            return ace.allows
    return False


def allowed(listed: tuple[Ace, ...] | None) -> list[str]:
    """Every identifier that some line allows something."""
    return sorted({ace.identifier for ace in listed or () if ace.allows})
