"""The closed table of operators: what each reads, what it compares with, when it holds, how it is said.

To add one: a row here, its vectors in tests/config/test_operators.py, its line in config/README.md.
There is no expression language.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config import fact_types, wording
from config.canonical import Json
from config.fact_types import KINDS
from config.settings import CLOCK_SKEW_MAX_SECONDS

DAYS_MAX = 100_000  # more than a lifetime; keeps every sum of dates in range
_SKEW = timedelta(seconds=CLOCK_SKEW_MAX_SECONDS)


@dataclass(frozen=True)
class Operator:
    """One question to one value."""

    kinds: frozenset[str]
    """Kinds of the facts, fields or elements it can read."""
    fits: Callable[[str, Json], bool]
    """(kind of the fact, expected value) -> whether the two can be compared."""
    wants: str
    """What `fits` demands, for the person who writes a criterion."""
    words: str
    """How the demand is said; {} stands for the expected value in words, {e} for the value itself."""
    holds: Callable[[Any, Any, datetime], bool | None]
    """(value, expected, moment) -> the answer; None when the value lies in the future, so nobody can know."""

    def phrase(self, expected: Json) -> str:
        """The demand as words: "at least 15"."""
        several = expected if isinstance(expected, list) else [expected]
        return self.words.format(", ".join(wording.say(one) for one in several), e=expected)


def _same(kind: str, expected: Json) -> bool:
    return KINDS[kind](expected)


def _pair(kind: str, expected: Json) -> bool:
    match expected:
        case [int(low), int(high)]:
            return low <= high and _several(kind, expected)
    return False


def _several(kind: str, expected: Json) -> bool:
    return expected != [] and KINDS[f"list[{kind}]"](expected)


def _element(kind: str, expected: Json) -> bool:
    return KINDS[kind[5:-1]](expected)


def _days(_: str, expected: Json) -> bool:
    return isinstance(expected, int) and KINDS["int"](expected) and 0 <= expected <= DAYS_MAX


def _nothing(_: str, expected: Json) -> bool:
    return expected is None


def _when(value: str, moment: datetime) -> tuple[datetime, datetime]:
    """The value, and the moment in the same coin: a date is compared with the day, a time with the second."""
    then = fact_types.read_time(value)
    if then is not None:
        return then, moment
    day = fact_types.read_date(value)
    assert day is not None  # the type of the value was checked before
    return day, moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _within_days(value: str, days: int, moment: datetime) -> bool | None:
    then, now = _when(value, moment)
    return None if then - moment > _SKEW else now - then <= timedelta(days=days)


def _not_past(value: str, _: None, moment: datetime) -> bool:
    then, now = _when(value, moment)
    return then >= now


_SIMPLE = frozenset({"bool", "int", "str"})
_NUMBER = frozenset({"int"})
_CHOICE = frozenset({"str", "int"})
_LIST = frozenset(fact_types.LISTS)
_TEXT_OR_LIST = _LIST | {"str"}
_TIME = frozenset({"time", "date"})
_ONE = "one value of the fact's own type"
_MANY = "a list of at least one value of the fact's own type"
_MEMBER = "one value of the type of the list's elements"
_NONE = "no expected value"

OPERATORS: dict[str, Operator] = {
    "equals": Operator(_SIMPLE, _same, _ONE, "{}", lambda v, e, _: bool(v == e)),
    "not_equals": Operator(_SIMPLE, _same, _ONE, "anything but {}", lambda v, e, _: bool(v != e)),
    "at_least": Operator(_NUMBER, _same, "an int", "at least {}", lambda v, e, _: bool(v >= e)),
    "at_most": Operator(_NUMBER, _same, "an int", "at most {}", lambda v, e, _: bool(v <= e)),
    "between": Operator(
        _NUMBER,
        _pair,
        "two ints, lowest and highest",
        "between {e[0]} and {e[1]}",
        lambda v, e, _: bool(e[0] <= v <= e[1]),
    ),
    "one_of": Operator(_CHOICE, _several, _MANY, "one of {}", lambda v, e, _: v in e),
    "not_one_of": Operator(_CHOICE, _several, _MANY, "none of {}", lambda v, e, _: v not in e),
    "contains": Operator(_LIST, _element, _MEMBER, "a list with {}", lambda v, e, _: e in v),
    "lacks": Operator(_LIST, _element, _MEMBER, "a list without {}", lambda v, e, _: e not in v),
    "is_empty": Operator(_TEXT_OR_LIST, _nothing, _NONE, "none", lambda v, _, __: not v),
    "not_empty": Operator(_TEXT_OR_LIST, _nothing, _NONE, "at least one", lambda v, _, __: bool(v)),
    "within_days": Operator(
        _TIME, _days, f"a number of days, 0 to {DAYS_MAX}", "at most {} days ago", _within_days
    ),
    "not_past": Operator(_TIME, _nothing, _NONE, "not in the past", _not_past),
}
