"""The order of Debian versions, as `dpkg --compare-versions` has it: deb-version(7)."""

import re
from typing import TypeAlias

Key: TypeAlias = tuple[object, ...]

_FORM = re.compile(r"(?:([0-9]{1,9}):)?([0-9][0-9A-Za-z.+~:-]*?)(?:-([0-9A-Za-z.+~]+))?")
_PARTS = re.compile(r"([^0-9]*)([0-9]*)")
_MAX_CHARACTERS = 256  # a stranger's version costs no more than a longish real one


def key(version: str) -> Key | None:
    """What orders a version among others, None for what is none."""
    found = _FORM.fullmatch(version) if len(version) <= _MAX_CHARACTERS else None
    # What is before the first colon is the epoch, and what is after the last hyphen the revision.
    if found is None or (found[1] is None and ":" in version) or (found[3] is None and "-" in version):
        return None
    return int(found[1] or 0), _ordered(found[2]), _ordered(found[3] or "0")


def _ordered(text: str) -> Key:
    """Letters and digits in turn, letters last, so that the end of the text is compared as letters are."""
    parts: list[object] = []
    for letters, digits in _PARTS.findall(text):
        bare = digits.lstrip("0")
        # The longer of two numbers is the larger, so none has to be made a number.
        parts += [(*map(_weight, letters), 0), (len(bare), bare)]
    return tuple(parts)


def _weight(letter: str) -> int:
    """`~` comes before the end, which is 0, and letters before all else."""
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
