"""Types of facts: how facts.toml declares them, which values they accept, how their times are read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LISTS = ("list[str]", "list[int]")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_FIELD = re.compile(r"([a-z][a-z0-9_]*): ([a-z\[\]]+)(\??)")


@dataclass(frozen=True)
class FactType:
    """What a fact, or a field of a record, may hold."""

    kind: str
    """One of KINDS, or "records"."""
    nullable: bool = False
    """Only fields of records: null says that this one field could not be seen."""
    fields: Mapping[str, "FactType"] = field(default_factory=dict)

    @property
    def element(self) -> str | None:
        """The kind of a list's elements; None for what has none or whose elements are records."""
        return self.kind[5:-1] if self.kind in LISTS else None

    @property
    def accepts(self) -> Callable[[Any], bool]:
        """Tells whether a value is of this type, null aside."""
        return self._accepts_records if self.kind == "records" else KINDS[self.kind]

    def _accepts_records(self, value: Any) -> bool:
        """Undeclared fields are ignored: newer agents add some."""
        return isinstance(value, list) and all(
            isinstance(row, dict) and self._accepts_row(row) for row in value
        )

    def _accepts_row(self, row: Mapping[str, Any]) -> bool:
        values = [(one, row.get(name)) for name, one in self.fields.items()]
        return all(one.nullable if value is None else one.accepts(value) for one, value in values)


def parse(text: str) -> FactType:
    """The type that a line of facts.toml declares, e.g. `records{name: str, running: bool?}`.

    Raises:
        ValueError: not a declared type.
    """
    if text in KINDS:
        return FactType(text)
    if not (text.startswith("records{") and text.endswith("}")):
        raise ValueError(f"{text!r} is no type of a fact")
    fields: dict[str, FactType] = {}
    for part in text[8:-1].split(", "):
        match = _FIELD.fullmatch(part)
        if match is None or match[2] not in KINDS or match[1] in fields:
            raise ValueError(f"{part!r} is no field of a record")
        fields[match[1]] = FactType(match[2], nullable=bool(match[3]))
    return FactType("records", fields=fields)


def read_time(text: str) -> datetime | None:
    """The moment that `YYYY-MM-DDTHH:MM:SSZ` names; None when it names none.

    Of any year: certificates that never end say 9999-12-31T23:59:59Z (RFC 5280, 4.1.2.5).
    """
    try:
        return datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        return None  # the form is right, the day or hour does not exist


def read_date(text: str) -> datetime | None:
    """The beginning of the day, in UTC, that `YYYY-MM-DD` names; None when it names none."""
    return read_time(text + "T00:00:00Z")


KINDS: Mapping[str, Callable[[Any], bool]] = {
    "bool": lambda value: value is True or value is False,
    "int": lambda value: type(value) is int,  # a bool is no int
    "str": lambda value: type(value) is str,
    "time": lambda value: type(value) is str and read_time(value) is not None,
    "date": lambda value: type(value) is str and read_date(value) is not None,
    "list[str]": lambda value: type(value) is list and all(type(each) is str for each in value),
    "list[int]": lambda value: type(value) is list and all(type(each) is int for each in value),
}
"""Whether a value is of a kind, by the kind's name; "records" aside."""
