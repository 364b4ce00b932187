"""Canonical bytes: RFC 8785 JSON without floats, and a strict reader for JSON from strangers.

Canonical form is a convenience of the producer: stable digests, quiet differences. No signature rests on it;
bytes are verified as received, then parsed, and never encoded again.
"""

import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NoReturn, TypeAlias, cast

from config.errors import InputError
from config.settings import ENVELOPE_MAX_BYTES, INTEGER_MAX, JSON_MAX_DEPTH

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
# What may be encoded: the same, with any sequence and mapping, so that a `list[str]` needs no cast.
Encodable: TypeAlias = "bool | int | str | Sequence[Encodable] | Mapping[str, Encodable] | None"

_INTEGER_MAX_CHARACTERS = len(str(-INTEGER_MAX))
# Years that leave room for reckoning on both sides, whatever a stranger's clock says.
_TIME = re.compile(r"(?:19[7-9]\d|[2-8]\d{3}|9000)-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
# Brackets of both kinds count alike for depth; all that is neither bracket nor quote is left out.
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NEITHER = bytes(set(range(256)) - set(b'[]{}"'))


def encode(value: Encodable) -> bytes:
    """Encode as RFC 8785 does: no spaces, keys in order of their UTF-16 code units, UTF-8.

    Raises the programmer's errors TypeError (floats, keys that are not text) and ValueError (integers beyond
    2**53 - 1, lone surrogates, nesting that no reader would accept).
    """
    return _ENCODER.encode(_ordered(value, 0)).encode()


def decode(data: bytes, limit: int = ENVELOPE_MAX_BYTES) -> Json:
    """Read JSON from a stranger, at bounded cost.

    Raises InputError `too_large`, `not_utf8`, `too_deep`, `not_json`, `duplicate_key`, `float_refused`,
    `integer_too_big` or `lone_surrogate`.
    """
    if len(data) > limit:
        raise InputError("too_large", f"{len(data)} bytes, where {limit} are allowed")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InputError("not_utf8", f"byte {error.start} is not UTF-8") from error
    _check_depth(data)
    try:
        value = cast(Json, _DECODER.decode(text))
    except json.JSONDecodeError as error:
        raise InputError("not_json", f"{error.msg} at character {error.pos}") from error
    # UTF-8 holds no surrogates, so only an escape can have brought one in.
    if b"\\u" in data:
        _check_surrogates(value)
    return value


def decode_canonical(data: bytes, limit: int = ENVELOPE_MAX_BYTES) -> Json:
    """Read JSON that must be in canonical form. Raises as `decode` does, and InputError `not_canonical`."""
    value = decode(data, limit)
    if encode(value) != data:
        raise InputError("not_canonical", "the JSON is not in canonical form (RFC 8785)")
    return value


def decode_base64(text: str) -> bytes:
    """Decode standard base64 of which there is only one spelling. Raises InputError `bad_base64`."""
    try:
        data = binascii.a2b_base64(text)
    except ValueError as error:  # binascii.Error, and text beyond ASCII
        raise InputError("bad_base64", f"not base64: {error}") from error
    # Encoding again shows stray characters, missing padding and trailing bits that are not zero.
    if encode_base64(data) != text:
        raise InputError("bad_base64", "not base64, or with stray characters or trailing bits")
    return data


def encode_base64(data: bytes) -> str:
    """Encode as standard base64 with padding (RFC 4648, section 4)."""
    return binascii.b2a_base64(data, newline=False).decode()


def encode_time(moment: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC with whole seconds, as all data has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decode_time(text: str) -> datetime:
    """Read what `encode_time` writes of the years 1970 to 9000. Raises InputError `wrong_time`."""
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass  # the form is right, the day or hour does not exist
    raise InputError("wrong_time", f"{text[:40]!r} is not a time like 2026-11-24T12:00:00Z")


def _ordered(value: Encodable, depth: int) -> Json:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) > INTEGER_MAX:
            raise ValueError(f"an integer beyond {INTEGER_MAX} is not exact in every JSON reader")
        return value
    if depth == JSON_MAX_DEPTH:
        raise ValueError(f"nested deeper than {JSON_MAX_DEPTH}, which no reader would accept")
    if isinstance(value, Mapping):
        # In ASCII, Python's own order is that of code units. Joining refuses keys that are no text.
        order = None if "".join(value).isascii() else _utf16
        return {key: _ordered(value[key], depth + 1) for key in sorted(value, key=order)}
    if isinstance(value, (list, tuple)):
        return [_ordered(each, depth + 1) for each in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _check_depth(data: bytes) -> None:
    """Refuse deep nesting before the parser recurses into it; a few passes in C, whatever the input."""
    unescaped = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    # A bracket after an odd number of quotes stands in a string; a pair of quotes changes nothing.
    marks = unescaped.translate(_ONE_KIND, _NEITHER).replace(b'""', b"")
    brackets = b"".join(marks.split(b'"')[::2])
    # Each round takes the innermost pairs away: a tree of depth n is gone after n rounds. Unpaired ones stay;
    # the parser refuses them, having gone no deeper than there are of them, plus the rounds.
    for _ in range(JSON_MAX_DEPTH):
        before, brackets = brackets, brackets.replace(b"[]", b"")
        if len(before) == len(brackets):
            break
    if b"[]" in brackets or brackets.count(b"[") > JSON_MAX_DEPTH:
        raise InputError("too_deep", f"nested deeper than {JSON_MAX_DEPTH}")


def _check_surrogates(value: Json) -> None:
    try:
        _ENCODER.encode(value).encode()
    except UnicodeEncodeError as error:
        raise InputError("lone_surrogate", "text holds half of a surrogate pair") from error


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InputError("duplicate_key", "an object names one of its keys twice")
    return value


def _integer(text: str) -> int:
    # Length first: converting thousands of digits is costly, and is refused by Python in its own way.
    if len(text) > _INTEGER_MAX_CHARACTERS or abs(value := int(text)) > INTEGER_MAX:
        raise InputError("integer_too_big", f"an integer is beyond {INTEGER_MAX}")
    return value


def _no_float(text: str) -> NoReturn:
    raise InputError("float_refused", f"{text[:40]} is not an integer")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
)
