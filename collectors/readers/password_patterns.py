"""What a regular expression demands of a password, for the shapes that account policies of macOS have.

`.{15,}` is a length, `(.*[A-Z].*){1,}+` a kind of character, `^(?=.*[0-9])(?=.*[a-zA-Z]).+` several; NSPredicate's
"matches" asks that the whole password fits. Another shape is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

KINDS: Final = ("upper", "lower", "digit", "other")
_RANGES: Final = {"A-Z": "upper", "a-z": "lower", "0-9": "digit"}
_NUMBER_MAX: Final = 9_999

_ONE: Final = r"policyAttributePassword\s+matches\s+(?:'([^']*)'|\"([^\"]*)\")"
_MATCHES: Final = re.compile(rf"\s*\(?\s*{_ONE}\s*\)?\s*")
_AND: Final = re.compile(r"\s+(?:and|AND|&&)\s+")
_SET: Final = r"\[(?P<{0}>\^?(?:[^\]\\]|\\.)+)\]"
_LENGTH: Final = re.compile(r"\^?\.\{(\d{1,4}),?(?:(?<=,)\d*)?\}\+?\$?")
_REPEATED: Final = re.compile(rf"\^?\(\.\*{_SET.format('set')}\.\*\)\{{(?P<times>\d{{1,4}}),\d*\}}\+?\$?")
_PLAIN: Final = re.compile(rf"\^?\.\*{_SET.format('set')}\.\*\$?")
_AHEAD: Final = re.compile(
    rf"\(\?=(?:\.\*{_SET.format('once')}|\((?:\?:)?\.\*{_SET.format('more')}\)\{{(?P<times>\d{{1,4}}),?\d*\}})\)"
)
_TAIL: Final = re.compile(r"(?:\.\*|\.\+|\.\{(\d{1,4}),\d*\})\+?\$?")


@dataclass(frozen=True)
class Demand:
    """At least `length` characters, and one of these kinds; no kind is any."""

    length: int
    kinds: frozenset[str] = frozenset()


def demands(predicate: str) -> list[Demand] | None:
    """What `policyAttributePassword matches '…'` demands, also several joined by AND; None for another shape."""
    found: list[Demand] = []
    for part in _AND.split(predicate):
        given = _MATCHES.fullmatch(part)
        one = _of_pattern(given[1] or given[2] or "") if given and _is_even(part) else None
        if one is None:
            return None
        found += one
    return found


def kinds(found: Iterable[Demand]) -> int:
    """The fewest kinds of characters with which all demands can be met."""
    asked = {one.kinds for one in found if one.kinds}
    if not asked:
        return 0
    return next(
        count
        for count in range(1, len(KINDS) + 1)
        if any(all(one & set(some) for one in asked) for some in combinations(KINDS, count))
    )


def _is_even(text: str) -> bool:
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", text)
    return outside.count("(") == outside.count(")")


def _of_pattern(pattern: str) -> list[Demand] | None:
    if length := _LENGTH.fullmatch(pattern):
        return [Demand(int(length[1]))]
    if repeated := _REPEATED.fullmatch(pattern):
        return _of_set(repeated["set"], int(repeated["times"]))
    if plain := _PLAIN.fullmatch(pattern):
        return _of_set(plain["set"], 1)
    found: list[Demand] = []
    rest = pattern.removeprefix("^")
    while ahead := _AHEAD.match(rest):
        one = _of_set(ahead["once"] or ahead["more"], int(ahead["times"] or 1))
        if one is None:
            return None
        found += one
        rest = rest[ahead.end() :]
    tail = _TAIL.fullmatch(rest)
    if not found or not tail:
        return None
    return [*found, Demand(int(tail[1] or 0))]


def _of_set(text: str, times: int) -> list[Demand] | None:
    if times == 0:
        return []
    kinds_of = _kinds(text)
    return [Demand(times, kinds_of)] if kinds_of else None


def _kinds(text: str) -> frozenset[str]:
    """Which kinds a set of characters takes; none at all where that is not understood."""
    rest, named = text.removeprefix("^"), set()
    for letters, kind in _RANGES.items():
        if letters in rest:
            rest = rest.replace(letters, "", 1)
            named.add(kind)
    if text.startswith("^"):
        return frozenset(KINDS) - named if not rest else frozenset()
    if re.search(r"[A-Za-z0-9]", rest) or "-" in rest.strip("-"):
        return frozenset()
    return frozenset(named | ({"other"} if rest else set()))
