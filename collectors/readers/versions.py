"""Order of package versions: Debian's as deb-version(7) defines it, rpm's as rpm-version(7) does."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

_PIECES: Final = re.compile(r"([^0-9]*)([0-9]*)")
_SEGMENTS: Final = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_SUFFIXES: Final = re.compile(r"(?:\.[A-Za-z~][A-Za-z0-9~]*)+$")
_Number: TypeAlias = tuple[int, str]
_Piece: TypeAlias = tuple[list[int], _Number]
_Segment: TypeAlias = tuple[int, int, str]


def debian_key(version: str) -> tuple[_Number, list[_Piece], list[_Piece]]:
    """A sort key: `debian_key(a) < debian_key(b)` where dpkg says that a is older than b."""
    # The epoch ends at the first colon; with an epoch, the upstream version may hold more of them.
    before, colon, after = version.strip().partition(":")
    epoch, rest = (before, after) if colon else ("", before)
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return _number(epoch), _pieces(upstream), _pieces(revision or "0")


def newer(version: str, than: str) -> bool:
    """Whether one Debian version is newer than another."""
    # Most packages are at the version that is offered, which the text alone tells.
    return version != than and debian_key(version) > debian_key(than)


def rpm_key(version: str) -> tuple[_Number, list[_Segment], list[_Segment]]:
    """A sort key of "epoch:version-release": `rpm_key(a) < rpm_key(b)` where rpm says that a is older than b."""
    before, colon, after = version.strip().partition(":")
    epoch, rest = (before, after) if colon else ("", before)
    number, _, release = rest.partition("-")
    return _number(epoch), _segments(number), _segments(release)


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """A sort key in which numbers count as numbers: kernel releases, 6.1.0-9 before 6.1.0-10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", text)
    return [(1, *_number(piece)) if piece[0] in "0123456789" else (0, 0, piece) for piece in pieces]


def file_key(name: str) -> tuple[list[_Piece], list[_Piece], str]:
    """A sort key of file names: the order of GNU `ls -v`, for which suffixes count last."""
    return _pieces(_SUFFIXES.sub("", name)), _pieces(name), name


def _number(digits: str) -> _Number:
    """A number's place in the order; of any length, which an int made of text is not."""
    plain = digits.lstrip("0")
    return len(plain), plain


def _segments(part: str) -> list[_Segment]:
    """Runs of digits and of letters. "~" sorts before the end of a part, "^" right after it."""
    return [
        (4, *_number(one)) if one[0].isdecimal() else ({"~": 0, "^": 2}.get(one, 3), 0, one)
        for one in _SEGMENTS.findall(part)
    ] + [(1, 0, "")]


def _pieces(part: str) -> list[_Piece]:
    """Non-digits and number in turn. The end of a part sorts after "~" and before everything else."""
    return [
        ([_weight(letter) for letter in letters] + [0], _number(digits))
        for letters, digits in _PIECES.findall(part)
        if letters or digits
    ] + [([0], _number(""))]


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
