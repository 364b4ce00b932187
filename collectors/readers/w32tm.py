"""What `w32tm /query /status /verbose` says of Windows' clock, by the places and digits of its lines.

Its words are translated, its numbers and their order are not: the first line is the leap indicator, the second the
stratum, the sixth names the source as eight hexadecimal digits, the last says how many seconds ago the clock was last
set. So it reads in recordings in English, German, French and Chinese. Anything else is no answer.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from collectors.door import Unseen

LOCAL: Final = frozenset({"4C4F434C", "00000000"})
"""LOCL, the machine's own clock, and none at all."""
HYPERVISOR: Final = "564D5450"
"""VMTP: the host of a virtual machine keeps the clock."""
NOT_SYNCHRONISED: Final = 3
_NUMBER: Final = re.compile(r":\s*(\d{1,3}) ?\(")
_SOURCE: Final = re.compile(r"\b0x([0-9A-Fa-f]{8})\b")
_SECONDS: Final = re.compile(r":\s*(\d{1,12})(?:\.\d+)?s\s*$")


class Status(NamedTuple):
    """Leap indicator, stratum, source (eight hexadecimal digits in capitals), whole seconds since it was last set."""

    leap: int
    stratum: int
    source: str
    seconds: int


def read(text: str, place: str) -> Status:
    """The status; `malformed` where its lines are not those that are known."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) >= 16:
        leap, stratum = _NUMBER.search(lines[0]), _NUMBER.search(lines[1])
        source, seconds = _SOURCE.search(lines[5]), _SECONDS.search(lines[-1])
        if leap and stratum and source and seconds:
            return Status(int(leap[1]), int(stratum[1]), source[1].upper(), int(seconds[1]))
    raise Unseen("malformed", place, "other lines than those that are known")
