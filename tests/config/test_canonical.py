"""Canonical bytes and the strict reader."""

import json
import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import canonical
from config.canonical import Json
from config.errors import InputError
from config.settings import ENVELOPE_MAX_BYTES, INTEGER_MAX, JSON_MAX_DEPTH

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc8785.json").read_text(encoding="utf-8"))[
    "cases"
]

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)

REFUSED = {
    "not_utf8": [b'"\xff"', b'"\xed\xa0\x80"', b"\xff\xfe1\x00"],
    "not_json": [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b'{"a"}',
        b'"\x01"',
        b'"\\x"',
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b"1 2",
        b"[1]]",
        b"nul",
        b"+1",
        b"01",
        b"]" * 100_000,
        b'"open',
        b"[1,2" * 3,
    ],
    "too_deep": [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 33 + b"]" * 33,
        b'["]",' * 33 + b"1" + b"]" * 33,
        b'["\\"]",' * 33 + b"1" + b"]" * 33,
        b'["\\\\",' * 33 + b"1" + b"]" * 33,
        b'[{"a":' * 17 + b"1" + b"}]" * 17,
        b"[[]," * 33,
    ],
    "duplicate_key": [b'{"a":1,"a":1}', b'[{"a":{"b":1,"b":2}}]', b'{"a":1,"\\u0061":2}'],
    "float_refused": [b"1.0", b"[1e3]", b"-0.5", b"1E400", b"NaN", b"Infinity", b'{"a":-Infinity}'],
    "integer_too_big": [
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5_000,
        b"[%s]" % (b"9" * 1_000_000),
    ],
    "lone_surrogate": [b'"\\ud800"', b'"\\uDC00"', b'{"\\ud800":1}', b'["\\udc00\\ud800"]'],
}


@pytest.mark.parametrize("name", sorted(VECTORS.keys() - {"values"}))
def test_encode_published(name: str) -> None:
    """The published RFC 8785 examples that need no floats come out byte for byte."""
    value = json.loads(VECTORS[name]["input"].replace("56.0", "56"))

    got = canonical.encode(value)

    assert VECTORS[name]["output"].rstrip("\n").encode() == got
    assert value == canonical.decode_canonical(got)


def test_encode_published_strings() -> None:
    """Strings are escaped as the published example with floats has them."""
    value = json.loads(VECTORS["values"]["input"])
    expected = VECTORS["values"]["output"].strip()[:-1].rpartition('"string":')[2]

    got = canonical.encode(value["string"])

    assert expected.encode() == got


def test_encode_escapes() -> None:
    """Only quote, backslash and control characters are escaped, in their short form where there is one."""
    got = canonical.encode("".join(map(chr, range(0x20))) + '"\\/\x7f\u2028é')

    expected = (
        '"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f'
        "\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e"
        '\\u001f\\"\\\\/\x7f\u2028é"'
    )
    assert expected.encode() == got


def test_encode_order() -> None:
    """Keys stand in the order of UTF-16 code units, where the smiley comes before U+FB33."""
    got = canonical.encode({"\ufb33": 1, "\U0001f602": 2, "a": 3, "": 4})

    assert '{"":4,"a":3,"\U0001f602":2,"\ufb33":1}'.encode() == got


def test_encode_any_sequence_and_mapping() -> None:
    """Tuples are lists, any mapping is an object."""
    assert b'{"a":[1,[2]],"b":true}' == canonical.encode(OrderedDict(b=True, a=(1, [2])))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (1.0, TypeError),
        ({"a": float("nan")}, TypeError),
        ({1: "a"}, TypeError),
        ([b"a"], TypeError),
        ({1, 2}, TypeError),
        (INTEGER_MAX + 1, ValueError),
        ([-INTEGER_MAX - 1], ValueError),
        ("\ud800", ValueError),
        ({"\udc00": 1}, ValueError),
    ],
)
def test_encode_refuses(value: Any, error: type[Exception]) -> None:
    """What has no canonical form is the programmer's mistake."""
    with pytest.raises(error):
        canonical.encode(value)


def test_encode_depth() -> None:
    """Nothing is written that no reader would accept."""
    value: Json = []
    for _ in range(JSON_MAX_DEPTH - 1):
        value = [value]

    assert value == canonical.decode(canonical.encode(value))
    with pytest.raises(ValueError, match="nested deeper"):
        canonical.encode([value])


@given(VALUES)
def test_round_trip(value: Json) -> None:
    """Whatever is encoded is read back the same, and has only this one form."""
    data = canonical.encode(value)

    assert value == canonical.decode_canonical(data)
    assert data == canonical.encode(canonical.decode(data))


@given(st.dictionaries(TEXT, st.none()))
def test_order_of_any_keys(value: dict[str, Json]) -> None:
    """Whatever the keys, they stand in the order of their UTF-16 code units."""
    expected = sorted(value, key=lambda key: key.encode("utf-16-be"))

    assert expected == list(json.loads(canonical.encode(value)))


@given(VALUES)
def test_round_trip_from_other_spellings(value: Json) -> None:
    """Spaces, order and escapes of another writer change nothing."""
    spelled = json.dumps(value, indent=1, ensure_ascii=True).encode()

    assert value == canonical.decode(spelled)


@given(st.lists(st.sampled_from(["[", "]", "{", "}", '"', "\\", "a", ",", ":", "1"]), max_size=60))
def test_depth_agrees_with_the_parser(marks: list[str]) -> None:
    """The scan calls nothing too deep that the parser accepts, however odd its strings."""
    text = "".join(marks)
    try:
        json.loads(text)
    except ValueError:
        return

    canonical._check_depth(text.encode())


@pytest.mark.parametrize(("code", "data"), [(code, data) for code, all_ in REFUSED.items() for data in all_])
def test_decode_refuses(code: str, data: bytes) -> None:
    """Each kind of bad JSON has its own code."""
    with pytest.raises(InputError) as caught:
        canonical.decode(data)

    assert code == caught.value.code


def test_decode_too_large() -> None:
    """The limit counts bytes, and is the caller's to lower."""
    assert "é" == canonical.decode('"é"'.encode(), limit=4)
    with pytest.raises(InputError, match="too_large"):
        canonical.decode('"é"'.encode(), limit=3)


def test_decode_depth_is_exact() -> None:
    """The deepest allowed nesting is accepted, with brackets in strings all around it."""
    data = b'{"a[":' * JSON_MAX_DEPTH + b'"[[[{\\"["' + b"}" * JSON_MAX_DEPTH

    assert "a[" in str(canonical.decode(data))


@pytest.mark.parametrize(
    "data",
    [
        b"[" * ENVELOPE_MAX_BYTES,
        b"[]" * (ENVELOPE_MAX_BYTES // 2),
        b'"' * ENVELOPE_MAX_BYTES,
        b'"\\"' + b'\\"' * (ENVELOPE_MAX_BYTES // 2 - 2),
        b"\\" * ENVELOPE_MAX_BYTES,
        b"[" * (ENVELOPE_MAX_BYTES // 2) + b"]" * (ENVELOPE_MAX_BYTES // 2),
        b'"[' * (ENVELOPE_MAX_BYTES // 2),
        b"9" * ENVELOPE_MAX_BYTES,
    ],
    ids=["opening", "pairs", "quotes", "escapes", "backslashes", "nested", "in_strings", "digits"],
)
def test_decode_is_cheap_on_hostile_input(data: bytes) -> None:
    """A whole megabyte made to hurt is refused in a fraction of a second."""
    start = time.perf_counter()

    with pytest.raises(InputError):
        canonical.decode(data)

    assert time.perf_counter() - start < 1


def test_decode_surrogate_pair() -> None:
    """A whole pair of escapes is one character."""
    assert "\U0001f602" == canonical.decode(b'"\\ud83d\\ude02"')


@pytest.mark.parametrize("data", [b'{ "a":1}', b'{"b":1,"a":2}', b'"\\u0061"', b'"\\/"', b"1\n", b"-0"])
def test_decode_canonical_refuses(data: bytes) -> None:
    """Any second spelling is refused where only the canonical one will do."""
    canonical.decode(data)
    with pytest.raises(InputError, match="not_canonical"):
        canonical.decode_canonical(data)


@given(st.binary(max_size=40))
def test_base64_round_trip(data: bytes) -> None:
    """Base64 reads back, and has only one spelling."""
    assert data == canonical.decode_base64(canonical.encode_base64(data))


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "AB==", "AAB=", "A A=", "AA==\n", "AA==AA==", "A-==", "éA==", "=", "\u0660AA="]
)
def test_base64_refuses(text: str) -> None:
    """Missing padding, stray characters and trailing bits that are not zero are refused."""
    with pytest.raises(InputError, match="bad_base64"):
        canonical.decode_base64(text)


def test_time_round_trip() -> None:
    """Times are UTC with whole seconds, whatever zone they came in."""
    moment = datetime(2026, 11, 24, 12, 30, 15, 999, tzinfo=timezone(timedelta(hours=-7)))

    text = canonical.encode_time(moment)

    assert "2026-11-24T19:30:15Z" == text
    assert datetime(2026, 11, 24, 19, 30, 15, tzinfo=UTC) == canonical.decode_time(text)


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "9000-12-31T23:59:59Z"])
def test_time_ends(text: str) -> None:
    """The first and last years that are read leave room for reckoning on both sides."""
    assert text == canonical.encode_time(canonical.decode_time(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-24",
        "2026-11-24T12:00:00",
        "2026-11-24T12:00:00+00:00",
        "2026-11-24T12:00:00.0Z",
        "2026-11-24 12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-11-24T25:00:00Z",
        "\u0662026-11-24T12:00:00Z",
        "2026-11-24T12:00:00Z\n",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_time_refuses(text: str) -> None:
    """No other form is a time, nor a day that never was, nor a year that leaves no room to reckon with."""
    with pytest.raises(InputError, match="wrong_time"):
        canonical.decode_time(text)
