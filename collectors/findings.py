"""What a collector hands back: facts, what is missing and why, and the source of each.

A module's `FACTS` declares every fact with type and meaning; after `close(FACTS)` each of them is either in
`facts` or in `missing`. Types: bool, int, str, time (RFC 3339 UTC), date (YYYY-MM-DD), list[str],
list[int], and records{field: type, field: type?}, where "?" marks a field that may be null (that field is
not known).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final, TypeAlias

from collectors.door import REASONS, Unseen

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

INT_MAX: Final = 2**53 - 1
VALUE_MAX_BYTES: Final = 1024 * 1024
"""A fact that would take more than about this in a section is `too_large`: 50,000 users, a million rules."""
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Fact:
    """The declaration of one fact: its type (see above) and its meaning, one sentence for docs/facts.md."""

    type: str
    meaning: str


class Seen:
    """A value together with where it was read: `Seen(14, "/etc/security/pwquality.conf:12")`."""

    def __init__(self, value: Json, *sources: str) -> None:
        self.value = value
        self.sources = sources


@dataclass
class Findings:
    """One collector's result. `outcome` is collected, failed or not_applicable (with a text in `reason`)."""

    outcome: str = "collected"
    reason: str | None = None
    facts: dict[str, Json] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def fact(self, name: str, value: Json, *sources: str) -> None:
        """Record a fact and where it was read."""
        self.facts[name] = value
        self.missing.pop(name, None)
        self.sources[name] = _unique(sources)

    def unseen(self, name: str, why: Unseen | str, *sources: str) -> None:
        """Record that a fact could not be seen: an `Unseen`, or one of REASONS."""
        reason = why.reason if isinstance(why, Unseen) else why
        if reason not in REASONS:
            raise ValueError(f"no such reason: {reason}")
        self.facts.pop(name, None)
        self.missing[name] = reason
        tried = sources or ((why.source,) if isinstance(why, Unseen) else ())
        self.sources[name] = _unique(tried)

    def not_applicable(self, why: str) -> None:
        """The subject was looked for and is not there: "no desktop is installed"."""
        self.outcome, self.reason = "not_applicable", why

    def look(self, name: str, function: Callable[..., Json | Seen], *args: object) -> None:
        """Call `function(*args)` and keep its value, with sources when it is a `Seen`, or why it was unseen.

        The usual way to fill a fact, so that one unreadable file never hides the other facts.
        """
        try:
            value = function(*args)
        except Unseen as unseen:
            self.unseen(name, unseen)
            return
        if isinstance(value, Seen):
            self.fact(name, value.value, *value.sources)
        else:
            self.fact(name, value)

    def close(self, declared: Mapping[str, Fact], reason: str = "not_collected") -> list[str]:
        """Make every declared fact either present with its declared type, or missing.

        What was not touched is missing with `reason` (`not_found` where the subject is not applicable).
        Returns the names whose value had a wrong type or was not declared: those become `malformed`, or are
        dropped.
        """
        rejected = []
        for name in [name for name in {**self.facts, **self.missing} if name not in declared]:
            rejected.append(name)
            for store in (self.facts, self.missing, self.sources):
                store.pop(name, None)
        for name, fact in declared.items():
            if name in self.facts:
                self.facts[name] = _clean(self.facts[name])
                if _size(self.facts[name]) > VALUE_MAX_BYTES:
                    self.unseen(name, "too_large", *self.sources.get(name, ()))
                    continue
                if not fits(self.facts[name], fact.type):
                    rejected.append(name)
                    self.unseen(name, "malformed", *self.sources.get(name, ()))
            elif name not in self.missing:
                self.unseen(name, "not_found" if self.outcome == "not_applicable" else reason)
        if self.outcome == "collected" and not self.facts and self.missing:
            self.outcome, self.reason = "failed", next(iter(self.missing.values()))
        return rejected


def fits(value: Json, type_name: str) -> bool:
    """Whether a value has a declared type.

    Numbers beyond 2**53-1 fit nothing: JSON readers would round them.
    """
    if type_name.startswith("records{"):
        fields = record_fields(type_name)
        return isinstance(value, list) and all(_fits_record(one, fields) for one in value)
    if type_name.startswith("list["):
        return isinstance(value, list) and all(fits(one, type_name[5:-1]) for one in value)
    if type_name == "bool":
        return isinstance(value, bool)
    if type_name == "int":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INT_MAX
    if not isinstance(value, str):
        return False
    if type_name == "time":
        return bool(_TIME.fullmatch(value)) and _parses(datetime.fromisoformat, value)
    if type_name == "date":
        return bool(_DATE.fullmatch(value)) and _parses(date.fromisoformat, value)
    if type_name == "str":
        return True
    raise ValueError(f"no such type: {type_name}")


@cache
def record_fields(type_name: str) -> Mapping[str, str]:
    """Field names and types of a `records{…}` type."""
    pairs = (piece.split(":", 1) for piece in type_name.removeprefix("records{").removesuffix("}").split(","))
    return {name.strip(): kind.strip() for name, kind in pairs}


def rfc3339(moment: datetime) -> str:
    """An aware datetime as `YYYY-MM-DDTHH:MM:SSZ`, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(days_since_epoch: int) -> str | None:
    """A day number, as /etc/shadow counts them, as YYYY-MM-DD; None outside the calendar."""
    try:
        return (date(1970, 1, 1) + timedelta(days=days_since_epoch)).isoformat()
    except OverflowError:
        return None


def _fits_record(value: Json, fields: Mapping[str, str]) -> bool:
    if not isinstance(value, dict) or value.keys() != fields.keys():
        return False
    return all(
        (value[name] is None and kind.endswith("?")) or fits(value[name], kind.removesuffix("?"))
        for name, kind in fields.items()
    )


def _parses(function: Callable[[str], object], text: str) -> bool:
    try:
        function(text)
    except ValueError:
        return False
    return True


def _clean(value: Json) -> Json:
    """A value without lone surrogates: JSON cannot say them, and names of files may hold any bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {name: _clean(one) for name, one in value.items()}
    return value


def _size(value: Json) -> int:
    """About how many bytes a value takes as JSON."""
    if isinstance(value, str):
        return len(value) + 3
    if isinstance(value, list):
        return sum(map(_size, value)) + 2
    if isinstance(value, dict):
        return sum(len(name) + 4 + _size(one) for name, one in value.items())
    return 6


def _unique(sources: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for source in sources if source))
