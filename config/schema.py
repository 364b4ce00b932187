"""Strict reading of TOML that people write into frozen dataclasses, whose fields are the schema.

What no field declares is refused, and every error names the file and the nearest thing that has a name.
A field's type is one of: str (never empty), bool, int; Annotated[one of these, regular expression];
Any for whatever canonical JSON can hold; tuple[X, ...]; Mapping[X, Y]; X | None; another dataclass.
"""

import functools
import re
import tomllib
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, time
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar, Union, get_args, get_origin

from config.errors import InputError
from config.settings import CRITERIA_FILE_MAX_BYTES, INTEGER_MAX

DERIVED = {"derived": True}
"""Metadata of a field that no file may hold: the loader fills it."""
_NAMES = ("id", "fact", "verdict")
_T = TypeVar("_T")


def read(kind: Any, data: bytes, file: str, prefix: str) -> Any:
    """The value of this kind that the TOML file holds.

    Args:
        kind: a dataclass, or another type of the above.
        data: the file.
        file: its name; stands in every error's message.
        prefix: what the error codes begin with, "catalogue" for instance.

    Raises:
        InputError: {prefix}_too_large, _malformed, _unknown_key, _missing_key, _wrong_type, _wrong_value.
    """
    place = Place(file, prefix)
    if len(data) > CRITERIA_FILE_MAX_BYTES:
        raise place.error("too_large", f"{len(data)} bytes, where {CRITERIA_FILE_MAX_BYTES} are allowed")
    try:
        raw = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, nested too deep
        raise place.error("malformed", f"not TOML: {error}", "It must be TOML 1.0 in UTF-8.") from error
    return _reader(kind)(raw, place)


class Place(NamedTuple):
    """Where in which file something stands, for errors."""

    name: str
    prefix: str

    def at(self, what: str) -> "Place":
        """A place inside this one."""
        return Place(f"{self.name}, {what}", self.prefix)

    def error(self, code: str, message: str, hint: str = "") -> InputError:
        """An error to be raised."""
        return InputError(f"{self.prefix}_{code}", f"{self.name}: {message}", hint)


_Reader: TypeAlias = Callable[[Any, Place], Any]


@functools.cache
def _reader(hint: Any) -> _Reader:
    """What reads values of this type: the type is taken apart once, not for each value."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return functools.partial(_matching, _reader(inner[0]), re.compile(inner[1]))
    if hint is Any:
        return _json
    if origin in (types.UnionType, Union):
        return _reader(inner[0])
    if origin is tuple:
        return functools.partial(_list, _reader(inner[0]))
    if origin is Mapping:
        return functools.partial(_mapping, _reader(inner[0]), _reader(inner[1]))
    if is_dataclass(hint):
        known: dict[str, Any] = {each.name: each for each in fields(hint) if not each.metadata.get("derived")}
        return functools.partial(
            _dataclass, hint, known, {name: _reader(f.type) for name, f in known.items()}
        )
    return functools.partial(_is, hint)


def _matching(inner: _Reader, pattern: re.Pattern[str], value: Any, place: Place) -> Any:
    value = inner(value, place)
    if not pattern.fullmatch(str(value)):
        raise place.error("wrong_value", f"{str(value)[:64]!r}", f"It must match {pattern.pattern}.")
    return value


def _list(inner: _Reader, value: Any, place: Place) -> tuple[Any, ...]:
    return tuple(inner(each, place) for each in _is(list, value, place))


def _mapping(key: _Reader, inner: _Reader, value: Any, place: Place) -> dict[Any, Any]:
    pairs = _is(dict, value, place).items()
    return {key(name, place): inner(each, place.at(name)) for name, each in pairs}


def _is(kind: type[_T], value: object, place: Place) -> _T:
    if type(value) is not kind or value == "":
        words = "text that is not empty" if kind is str else kind.__name__
        raise place.error("wrong_type", f"{str(value)[:64]!r} is not {words}")
    return value


def _json(value: Any, place: Place) -> Any:
    if isinstance(value, list):
        return [_json(each, place) for each in value]
    if isinstance(value, dict):
        return {key: _json(each, place) for key, each in value.items()}
    if not isinstance(value, str) and not (isinstance(value, int) and abs(value) <= INTEGER_MAX):
        hint = "Write times in quotes." if isinstance(value, date | time) else "Write an int or a text."
        raise place.error("wrong_type", f"{value} is not a value of a fact", hint)
    return value


def _dataclass(
    kind: Any, known: dict[str, Field[Any]], readers: dict[str, _Reader], value: Any, place: Place
) -> Any:
    raw = _is(dict, value, place)
    name = next((raw[key] for key in _NAMES if isinstance(raw.get(key), str)), None)
    place = place.at(f"{kind.__name__.lower()} {name}") if name else place
    unknown = sorted(raw.keys() - known.keys())
    if unknown:
        raise place.error("unknown_key", f"unknown key {unknown[0]!r}", f"Known are: {', '.join(known)}.")
    for key, each in known.items():
        if key not in raw and each.default is MISSING and each.default_factory is MISSING:
            raise place.error("missing_key", f"{key} is missing")
    return kind(**{key: readers[key](each, place.at(key)) for key, each in raw.items()})
