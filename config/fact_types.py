"""Types of facts: how facts.toml declares them, which values they accept, how their times are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from config import canonical
from config.canonical import Json
from config.errors import InputError

SCALARS = ("bool", "int", "str", "time", "date")
LISTS = ("list[str]", "list[int]")
_FIELD = re.compile(r"([a-z][a-z0-9_]*): ([a-z\[\]]+)(\??)")


@dataclass(frozen=True)
class FactType:
    """What a fact, or a field of a record, may hold."""

    kind: str
    """One of SCALARS or LISTS, or "records"."""
    nullable: bool = False
    """Only fields of records: null says that this one field could not be seen."""
    fields: Mapping[str, "FactType"] = field(default_factory=dict)

    @property
    def element(self) -> str | None:
        """The kind of a list's elements; None for what has none or whose elements are records."""
        return self.kind[5:-1] if self.kind in LISTS else None

    def accepts(self, value: Json) -> bool:
        """Whether the value is of this type. Undeclared fields are ignored: newer agents add some."""
        if value is None:
            return self.nullable
        if self.kind != "records":
            return is_kind(self.kind, value)
        return isinstance(value, list) and all(self._accepts_record(record) for record in value)

    def _accepts_record(self, record: Json) -> bool:
        return isinstance(record, dict) and all(
            type_.accepts(record.get(name)) for name, type_ in self.fields.items()
        )


def parse(text: str) -> FactType:
    """The type that a line of facts.toml declares, e.g. `records{name: str, running: bool?}`.

    Raises:
        ValueError: not a declared type.
    """
    if text in SCALARS or text in LISTS:
        return FactType(text)
    if not (text.startswith("records{") and text.endswith("}")):
        raise ValueError(f"{text!r} is no type of a fact")
    fields: dict[str, FactType] = {}
    for part in text[8:-1].split(", "):
        match = _FIELD.fullmatch(part)
        if match is None or match[2] not in SCALARS + LISTS or match[1] in fields:
            raise ValueError(f"{part!r} is no field of a record")
        fields[match[1]] = FactType(match[2], nullable=bool(match[3]))
    return FactType("records", fields=fields)


def is_kind(kind: str, value: Json) -> bool:
    """Whether the value is of a scalar or list kind. A bool is never an int."""
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in LISTS:
        return isinstance(value, list) and all(is_kind(kind[5:-1], element) for element in value)
    if not isinstance(value, str):
        return False
    return kind == "str" or (read_time(value) if kind == "time" else read_date(value)) is not None


def read_time(text: str) -> datetime | None:
    """The moment that `YYYY-MM-DDTHH:MM:SSZ` names; None when it names none."""
    try:
        return canonical.decode_time(text)
    except InputError:
        return None


def read_date(text: str) -> datetime | None:
    """The beginning of the day, in UTC, that `YYYY-MM-DD` names; None when it names none."""
    return read_time(text + "T00:00:00Z")
