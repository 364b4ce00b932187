"""Types of facts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from config import fact_types

RECORD = "records{name: str, size: int?, tags: list[str]}"


@pytest.mark.parametrize("text", ["bool", "int", "str", "time", "date", "list[str]", "list[int]"])
def test_plain(text: str) -> None:
    """A scalar or a plain list is its own name, and never null."""
    type_ = fact_types.parse(text)
    assert (text, False, {}) == (type_.kind, type_.nullable, type_.fields)


def test_element() -> None:
    """Only plain lists have elements of a kind."""
    assert ["str", "int", None, None] == [
        fact_types.parse(text).element for text in ("list[str]", "list[int]", "str", RECORD)
    ]


def test_records() -> None:
    """Fields keep their order, and a question mark allows null."""
    fields = fact_types.parse(RECORD).fields
    assert [("name", "str", False), ("size", "int", True), ("tags", "list[str]", False)] == [
        (name, one.kind, one.nullable) for name, one in fields.items()
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "float",
        "list[bool]",
        "list[time]",
        "int?",
        "records{}",
        "records{name}",
        "records{name: str",
        "records{name: float}",
        "records{Name: str}",
        "records{name:str}",
        "records{name: str, name: int}",
        "records{in: records{x: int}}",
        " int",
    ],
)
def test_no_type(text: str) -> None:
    """What is not in the closed list is refused."""
    with pytest.raises(ValueError, match="no "):
        fact_types.parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bool", False),
        ("int", 0),
        ("int", -1),
        ("str", ""),
        ("time", "2026-11-24T12:00:00Z"),
        ("date", "2028-02-29"),
        ("list[str]", []),
        ("list[str]", ["a"]),
        ("list[int]", [1, 2]),
        (RECORD, []),
        (RECORD, [{"name": "a", "size": None, "tags": []}]),
        (RECORD, [{"name": "a", "tags": ["x"]}]),
        (RECORD, [{"name": "a", "size": 1, "tags": [], "newer": 1.5}]),
    ],
)
def test_accepts(text: str, value: Any) -> None:
    """A value of the type, and in records an absent nullable field or one that is not declared."""
    assert fact_types.parse(text).accepts(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bool", 1),
        ("bool", None),
        ("int", True),
        ("int", "1"),
        ("int", 1.0),
        ("str", 1),
        ("str", ["a"]),
        ("time", "2026-11-24"),
        ("time", "2026-11-24T12:00:00+00:00"),
        ("time", "2026-11-31T12:00:00Z"),
        ("time", "2026-W48-2T12:00:00Z"),
        ("time", 0),
        ("date", "2026-11-24T12:00:00Z"),
        ("date", "2026-02-29"),
        ("date", "20261124"),
        ("date", None),
        ("list[str]", "a"),
        ("list[str]", ["a", 1]),
        ("list[int]", [True]),
        ("list[int]", {"a": 1}),
        (RECORD, {}),
        (RECORD, ["a"]),
        (RECORD, [{}]),
        (RECORD, [{"name": None, "tags": []}]),
        (RECORD, [{"name": "a", "size": "1", "tags": []}]),
        (RECORD, [{"name": "a", "size": 1, "tags": "x"}]),
    ],
)
def test_refuses(text: str, value: Any) -> None:
    """A value of another type, however near."""
    assert not fact_types.parse(text).accepts(value)


def test_read() -> None:
    """A date is the beginning of its day, in UTC."""
    assert datetime(2026, 11, 24, tzinfo=UTC) == fact_types.read_date("2026-11-24")
    assert datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC) == fact_types.read_time("2026-11-24T01:02:03Z")
