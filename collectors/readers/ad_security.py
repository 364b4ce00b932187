"""Security descriptors as Active Directory stores them ([MS-DTYP] 2.4.6), as far as its access list goes."""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Final, NamedTuple

from collectors.door import Unseen
from collectors.readers.ad_values import sid

LIST_CHILDREN: Final = 0x4
_GENERIC_READ_OR_ALL: Final = 0x80000000 | 0x10000000
_INHERIT_ONLY: Final = 0x8
_ALLOW, _DENY, _ALLOW_OBJECT, _DENY_OBJECT = 0, 1, 5, 6
_DACL_PRESENT: Final = 0x4


class Ace(NamedTuple):
    """One line of an access list. `is_scoped` where it is about one property or one kind of child."""

    allows: bool
    mask: int
    identifier: str
    inherit_only: bool
    is_scoped: bool


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
            if kind in (_ALLOW, _DENY, _ALLOW_OBJECT, _DENY_OBJECT):
                found.append(_ace(value[at : at + size], kind, flags, source))
            at += size
    except struct.error:
        raise Unseen("malformed", source, "a torn security descriptor") from None
    return tuple(found)


def _ace(value: bytes, kind: int, flags: int, source: str) -> Ace:
    (mask,) = struct.unpack_from("<I", value, 4)
    at, scoped = 8, False
    if kind in (_ALLOW_OBJECT, _DENY_OBJECT):
        (there,) = struct.unpack_from("<I", value, 8)
        at, scoped = 12 + 16 * (there & 1) + 16 * (there >> 1 & 1), bool(there & 3)
    length = 8 + 4 * value[at + 1] if at + 1 < len(value) else 0
    allows = kind in (_ALLOW, _ALLOW_OBJECT)
    return Ace(allows, mask, sid(value[at : at + length], source), bool(flags & _INHERIT_ONLY), scoped)


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
