"""audit.csv, the advanced audit policy of a group policy ([MS-GPAC] 2.2.1), by the identifiers of subcategories.

Names and the texts of settings are in the language of who wrote them and are not read; the number counts: 0 leaves as
it is, 1 is success, 2 failure, 3 both, 4 none. Lines about one user change what is recorded of that user alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from collectors.door import Unseen
from collectors.readers.policy_text import text

_COLUMNS: Final = 7
_TARGET, _GUID, _VALUE = 1, 3, 6
_LINES_MAX: Final = 5_000
_IDENTIFIER: Final = re.compile(r"\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}")
_MEANT: Final = {"1": 1, "2": 2, "3": 3, "4": 0}


class Audit(NamedTuple):
    """By subcategory what is recorded (1 success, 2 failure); `names_users` where it says another thing of some."""

    recorded: Mapping[str, int]
    names_users: bool


def audit(data: bytes, source: str) -> Audit:
    """What the file sets. `malformed` where a line is not understood."""
    lines = text(data, source).splitlines()
    if len(lines) > _LINES_MAX:
        raise Unseen("too_large", source)
    try:
        rows = [row for row in csv.reader(lines, strict=True) if any(map(str.strip, row))]
    except csv.Error:
        raise Unseen("malformed", source, "no table") from None
    if not rows or len(rows[0]) != _COLUMNS:
        raise Unseen("malformed", source, "not the columns of an audit policy")
    recorded: dict[str, int] = {}
    names_users = False
    for row in rows[1:]:
        if len(row) != _COLUMNS:
            raise Unseen("malformed", source, "a torn line")
        target, told, value = (row[at].strip().lower() for at in (_TARGET, _GUID, _VALUE))
        found = _IDENTIFIER.fullmatch(told)
        if not found:  # an option, or what is watched of files everywhere: another matter
            continue
        if target != "system":
            names_users = True
        elif value in _MEANT:
            recorded[found[1]] = _MEANT[value]
        elif value != "0":
            raise Unseen("malformed", source, "a setting nobody knows")
    return Audit(recorded, names_users)
