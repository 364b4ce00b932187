"""What Windows answers, as values: error numbers as reasons, CIM properties as cells. Nothing here asks anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from collectors.door import Unseen
from collectors.door_windows import TEXT_MAX, Cell

_REASONS: Final = {
    2: "not_found",
    3: "not_found",
    5: "permission_denied",
    50: "unsupported",
    120: "unsupported",
    124: "unsupported",
    1060: "not_found",
    1168: "not_found",
    1314: "permission_denied",
    1332: "not_found",
    1376: "not_found",
    2140: "unsupported",
    2220: "not_found",
    15007: "not_found",
}
"""By number of a Win32 or network management error; 2140 is what stands for "not implemented" there.

15007 is a channel of the event log that nobody has made.
"""
_OF_CIM: Final = {
    0x80041002: "not_found",
    0x80041003: "permission_denied",
    0x8004100E: "not_found",
    0x80041010: "not_found",
    0x80041024: "unsupported",
    0x8004100C: "unsupported",
    0x80004001: "unsupported",
    0x80070005: "permission_denied",
    0x80040154: "tool_missing",
    0x800401F3: "tool_missing",
}
"""By number: class or namespace unknown, access denied, provider not capable, COM class not registered."""
_WIDE: Final = frozenset({20, 21})
_TIME: Final = 101
NO_KIND: Final = 0
"""CIM types: 64-bit numbers travel as texts, and times in a form of their own; NO_KIND where none is told."""


def number(error: OSError) -> int:
    """Windows' number of an error; the portable one where there is none."""
    return int(getattr(error, "winerror", None) or error.errno or 0)


def unseen(number: int, source: str) -> Unseen:
    """The `Unseen` for an error number of Win32; one that is on no list is `malformed`."""
    return Unseen(_REASONS.get(number, "malformed"), source, f"error {number}")


def unseen_com(number: int, source: str) -> Unseen:
    """The `Unseen` for a number of COM (signed or not)."""
    plain = number & 0xFFFFFFFF
    return Unseen(_OF_CIM.get(plain, "malformed"), source, f"error {plain:#010x}")


def cell(told: object, kind: int, source: str) -> Cell:
    """A property's value: 64-bit numbers as int, times as RFC 3339, arrays as tuples."""
    if told is None or isinstance(told, bool):
        return told
    if isinstance(told, (tuple, list)):
        return tuple(one for one in (cell(one, kind, source) for one in told) if isinstance(one, (int, str)))
    if kind == _TIME and isinstance(told, str):
        return moment(told, source)
    if kind in _WIDE and isinstance(told, str):
        try:
            return int(told)
        except ValueError:
            raise Unseen("malformed", source, "no number") from None
    if isinstance(told, int):
        return told
    text = str(told)
    if len(text) > TEXT_MAX:
        raise Unseen("too_large", source, f"a text of {len(text)} characters")
    return text


def moment(text: str, source: str) -> str | None:
    """A CIM time (yyyymmddHHMMSS.mmmmmm+UUU, minutes from UTC) as RFC 3339 in UTC; None for an interval."""
    if len(text) != 25 or text[21] not in "+-":
        return None
    try:
        zone = timezone(timedelta(minutes=int(text[21:])))
        found = datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=zone)
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise Unseen("malformed", source, "no time") from None


def policy_text(data: bytes, source: str) -> str:
    """The text of an exported policy, which is UTF-16 with a byte order mark; nothing at all is no policy."""
    if not data.strip():
        raise Unseen("malformed", source, "the tool ended well and wrote nothing")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return data.decode(encoding, "replace")
