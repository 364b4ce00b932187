"""The closed table of operators, each with its vectors."""

from typing import Any

import pytest

from config.operators import DAYS_MAX, OPERATORS
from tests.config.catalogues import MOMENT

VECTORS: dict[str, list[tuple[Any, Any, bool | None]]] = {
    "equals": [(True, True, True), (False, True, False), (3, 3, True), ("a", "A", False), ("", "", True)],
    "not_equals": [(True, True, False), (3, 4, True), ("a", "A", True)],
    "at_least": [(15, 15, True), (14, 15, False), (-1, 0, False)],
    "at_most": [(15, 15, True), (16, 15, False), (-1, 0, True)],
    "between": [(1, [1, 60], True), (60, [1, 60], True), (0, [1, 60], False), (61, [1, 60], False)],
    "one_of": [("a", ["a", "b"], True), ("c", ["a", "b"], False), (1, [1], True)],
    "not_one_of": [("a", ["a", "b"], False), ("c", ["a", "b"], True), (2, [1], True)],
    "contains": [(["a", "b"], "a", True), ([], "a", False), ([1, 2], 3, False)],
    "lacks": [(["a", "b"], "a", False), ([], "a", True), ([1, 2], 3, True)],
    "is_empty": [([], None, True), (["a"], None, False), ("", None, True), ("a", None, False)],
    "not_empty": [([], None, False), ([1], None, True), ("", None, False), ("a", None, True)],
    "within_days": [
        ("2026-11-24T12:00:00Z", 0, True),
        ("2026-11-24T11:59:59Z", 0, False),
        ("2026-11-17T12:00:00Z", 7, True),
        ("2026-11-17T11:59:59Z", 7, False),
        ("2026-11-24T12:10:00Z", 7, True),
        ("2026-11-24T12:10:01Z", 7, None),
        ("9999-12-31T23:59:59Z", 7, None),
        ("0001-01-01T00:00:00Z", DAYS_MAX, False),
        ("2026-11-17", 7, True),
        ("2026-11-16", 7, False),
        ("2026-11-24", 0, True),
        ("2026-11-25", 7, None),
    ],
    "not_past": [
        ("2026-11-24", None, True),
        ("2026-11-23", None, False),
        ("2027-01-01", None, True),
        ("2026-11-24T12:00:00Z", None, True),
        ("2026-11-24T11:59:59Z", None, False),
    ],
}

FITS: list[tuple[str, str, Any, bool]] = [
    ("equals", "bool", True, True),
    ("equals", "bool", 1, False),
    ("equals", "int", True, False),
    ("equals", "str", None, False),
    ("at_least", "int", 15, True),
    ("at_least", "int", "15", False),
    ("between", "int", [1, 60], True),
    ("between", "int", [60, 1], False),
    ("between", "int", [1], False),
    ("between", "int", [1, 2, 3], False),
    ("between", "int", [False, True], False),
    ("between", "int", 1, False),
    ("one_of", "str", ["a"], True),
    ("one_of", "str", [], False),
    ("one_of", "str", ["a", 1], False),
    ("one_of", "int", [1, 2], True),
    ("one_of", "str", "a", False),
    ("contains", "list[str]", "a", True),
    ("contains", "list[str]", ["a"], False),
    ("contains", "list[int]", 1, True),
    ("is_empty", "str", None, True),
    ("is_empty", "str", "", False),
    ("within_days", "time", 7, True),
    ("within_days", "time", 0, True),
    ("within_days", "time", -1, False),
    ("within_days", "time", DAYS_MAX + 1, False),
    ("within_days", "date", True, False),
    ("within_days", "date", "7", False),
    ("not_past", "date", None, True),
    ("not_past", "date", 1, False),
]


def test_table() -> None:
    """The vectors cover the whole table, in its order."""
    assert list(OPERATORS) == list(VECTORS)


@pytest.mark.parametrize(
    ("name", "value", "expected", "holds"), [(name, *one) for name, rows in VECTORS.items() for one in rows]
)
def test_holds(name: str, value: Any, expected: Any, holds: bool | None) -> None:
    """Each operator holds where its vector says so; None where the value lies in the future."""
    assert holds is OPERATORS[name].holds(value, expected, MOMENT)


@pytest.mark.parametrize(("name", "kind", "expected", "fits"), FITS)
def test_fits(name: str, kind: str, expected: Any, fits: bool) -> None:
    """An operator takes an expected value of the fact's type, and no other."""
    assert fits is OPERATORS[name].fits(kind, expected)


@pytest.mark.parametrize(
    ("name", "expected", "phrase"),
    [
        ("equals", True, "yes"),
        ("equals", "", "(empty)"),
        ("not_equals", 0, "anything but 0"),
        ("at_least", 15, "at least 15"),
        ("between", [1, 60], "between 1 and 60"),
        ("one_of", ["drop", "reject"], "one of drop, reject"),
        ("not_one_of", ["a", "b", "c", "d"], "none of a, b, c, d"),
        ("is_empty", None, "none"),
        ("within_days", 7, "at most 7 days ago"),
    ],
)
def test_phrase(name: str, expected: Any, phrase: str) -> None:
    """A demand reads as words, whatever braces its value holds."""
    assert phrase == OPERATORS[name].phrase(expected)


def test_phrase_braces() -> None:
    """A value with braces is text, never a pattern."""
    assert "a list with {e} {0}" == OPERATORS["contains"].phrase("{e} {0}")
