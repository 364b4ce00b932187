"""Text files of group policies: UTF-16 or UTF-8 by the mark they begin with, otherwise single bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from collectors.door import Unseen
from collectors.readers import secedit

_MARKS: Final = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))
_DWORD: Final = re.compile(r"4\s*,\s*(\d{1,10})")
_NUMBER: Final = re.compile(r"\d{1,10}")
_VERSION: Final = re.compile(r"^[ \t]*version[ \t]*=[ \t]*(\d{1,10})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_CATEGORY_MAX: Final = 3


class Template(NamedTuple):
    """What GptTmpl.inf sets: registry values (None where one is no number), and what is recorded by category."""

    registry: Mapping[str, int | None]
    recorded: Mapping[str, int]


def text(data: bytes, source: str) -> str:
    """The text. `malformed` where it is torn, or holds characters that no text has."""
    mark, coding = next((one for one in _MARKS if data.startswith(one[0])), (b"", "latin-1"))
    try:
        told = data[len(mark) :].decode(coding)
    except UnicodeDecodeError:
        raise Unseen("malformed", source, "no text") from None
    if "\x00" in told:
        raise Unseen("malformed", source, "no text")
    return told


def version(data: bytes, source: str) -> int:
    """The version of the machine's half in GPT.INI ([MS-GPOL] 2.2.4): the lower 16 bits."""
    told = _VERSION.findall(text(data, source).replace("\r", "\n"))
    if len(told) != 1:
        raise Unseen("malformed", source, "no version")
    return int(told[0]) & 0xFFFF


def template(data: bytes, source: str) -> Template:
    """GptTmpl.inf ([MS-GPSB] 2.2): sections and keys are the same in every language; both in lower case here."""
    sections = secedit.parse(text(data, source))
    if not sections.keys() & {"version", "unicode"}:
        raise Unseen("malformed", source, "no security template")
    registry: dict[str, int | None] = {}
    for key, told in sections.get("registry values", {}).items():
        number = _DWORD.fullmatch(told)
        registry[key] = int(number[1]) if number else None
    recorded: dict[str, int] = {}
    for key, told in sections.get("event audit", {}).items():
        if not _NUMBER.fullmatch(told) or int(told) > _CATEGORY_MAX:
            raise Unseen("malformed", source, "a setting nobody knows")
        recorded[key] = int(told)
    return Template(registry, recorded)
