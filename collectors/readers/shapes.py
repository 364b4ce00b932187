"""Fields of JSON objects as what they must be; another shape is `malformed`, one left out or null is nothing."""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_tenant import Record


def text(record: Record, key: str) -> str:
    """A text that must be there."""
    value = record.get(key)
    if not isinstance(value, str):
        raise Unseen("malformed", f"field {key}", "no text")
    return value


def flag(record: Record, key: str) -> bool | None:
    """True, False, or None where it is not told."""
    value = record.get(key)
    if value is not None and not isinstance(value, bool):
        raise Unseen("malformed", f"field {key}", "neither true nor false")
    return value


def table(record: Record, key: str) -> Record:
    """An object; an empty one where there is none."""
    value = record.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unseen("malformed", f"field {key}", "no object")
    return value


def names(record: Record, key: str) -> tuple[str, ...]:
    """A list of texts; an empty one where there is none."""
    value = record.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unseen("malformed", f"field {key}", "no list of texts")
    return tuple(value)


def others(record: Record, known: frozenset[str]) -> list[str]:
    """Fields that say something and are not known here, annotations aside: what they mean nobody can tell."""
    return [key for key, value in record.items() if value and key not in known and "@odata." not in key]
