"""Order of Debian package versions, as deb-version(7) defines it."""

from __future__ import annotations

import re
from typing import Final

_PIECES: Final = re.compile(r"(\D*)(\d*)")


def debian_key(version: str) -> tuple[int, list[tuple[list[int], int]], list[tuple[list[int], int]]]:
    """A sort key: `debian_key(a) < debian_key(b)` where dpkg says that a is older than b."""
    # The epoch ends at the first colon; with an epoch, the upstream version may hold more of them.
    before, colon, after = version.strip().partition(":")
    epoch, rest = (before, after) if colon else ("", before)
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return (int(epoch) if epoch.isdigit() else 0, _pieces(upstream), _pieces(revision or "0"))


def newer(version: str, than: str) -> bool:
    """Whether one Debian version is newer than another."""
    return debian_key(version) > debian_key(than)


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """A sort key in which numbers count as numbers: kernel releases, 6.1.0-9 before 6.1.0-10."""
    return [
        (1, int(piece), "") if piece.isdigit() else (0, 0, piece) for piece in re.findall(r"\d+|\D+", text)
    ]


def _pieces(part: str) -> list[tuple[list[int], int]]:
    """Non-digits and number in turn. The end of a part sorts after "~" and before everything else."""
    return [
        ([_weight(letter) for letter in letters] + [0], int(digits or 0))
        for letters, digits in _PIECES.findall(part)
        if letters or digits
    ] + [([0], 0)]


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
