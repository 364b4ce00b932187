"""Statements: one strict table of predicates."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from config import canonical, statement
from config.canonical import Json
from config.errors import InputError
from config.statement import PREDICATES, Statement, Subject, digest

# One good value for each form of the table.
GOOD: dict[str, Json] = {
    "text": "Boltseal",
    "texts": ["a", "b"],
    "bool": True,
    "int": -5,
    "count": 0,
    "number": 1,
    "id": "host-1",
    "subject": "host-1~device.switch-2",
    "hex": digest(b""),
    "time": "2026-11-24T12:00:00Z",
    "date": "2026-11-24",
    "base64": "AA==",
}
BAD: dict[str, list[Json]] = {
    "text": ["", 1, None, "a" * 4097],
    "texts": ["a", [1], [""], None],
    "bool": [0, "true", None],
    "int": ["1", True, None],
    "count": [-1, False, "0", None],
    "number": [0, True, None],
    "id": ["", "Host", "a b", "-a", "a/b", "é", 1, "a" * 129, "a~host.b"],
    "subject": [
        "",
        "A",
        "a~",
        "a~b",
        "~host.b",
        "a~host.",
        "a~host.B",
        "a~host.b~c",
        "a~.b",
        f"a~host.{'b' * 64}",
        1,
    ],
    "hex": ["", "a" * 63, "A" * 64, 1, "g" * 64],
    "time": ["2026-11-24", "2026-11-24T12:00:00+00:00", "2026-13-01T00:00:00Z", 1, None],
    "date": ["2026-11-31", "24.11.2026", "20261124", "2026-W48-2", 1, None],
    "base64": ["A", "AB==", 1, None],
}


def good(schema: Any) -> Any:
    """A good value for a part of the table."""
    if isinstance(schema, Mapping):
        return {name: good(inner) for name, inner in schema.items()}
    form = schema.rstrip("?")
    return GOOD.get(form, form.split("|")[0])


def leaves(schema: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """Every field of a part of the table, with its form."""
    if isinstance(schema, str):
        return [(path, schema)]
    return [leaf for name, inner in schema.items() for leaf in leaves(inner, (*path, name))]


def payload(kind: str = "loss", **changes: Any) -> bytes:
    """A good statement's payload with one of its outer fields set."""
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "report", "digest": {"sha256": digest(b"")}}],
        "predicateType": f"urn:boltseal:{kind}:v1",
        "predicate": good(PREDICATES[kind]),
        **changes,
    }
    return json.dumps(document).encode()


@pytest.mark.parametrize("kind", PREDICATES)
def test_round_trip(kind: str) -> None:
    """Each kind reads back as it was written, in canonical form."""
    written = Statement(
        kind, (Subject("a", digest(b"a")), Subject("b", digest(b"b"))), good(PREDICATES[kind])
    )

    data = statement.encode(written)

    assert written == statement.decode(data)
    assert data == canonical.encode(canonical.decode_canonical(data))


@pytest.mark.parametrize("kind", PREDICATES)
def test_every_field_is_checked(kind: str) -> None:
    """Each field of each kind refuses what is not of its form, absence included; only `?` allows null."""
    for path, form in leaves(PREDICATES[kind]):
        name = form.rstrip("?")
        for bad in [*BAD.get(name, ["neither", 1]), *([] if form.endswith("?") else [None])]:
            if bad is None and form.endswith("?"):
                continue
            predicate = good(PREDICATES[kind])
            holder = predicate
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = bad
            with pytest.raises(InputError, match="statement_malformed") as caught:
                statement.decode(payload(kind, predicate=predicate))
            assert path[-1] in caught.value.message


@pytest.mark.parametrize("kind", PREDICATES)
def test_null_where_not_known(kind: str) -> None:
    """Null is accepted in exactly the fields that may be unknown, and absence in none."""
    for path, form in leaves(PREDICATES[kind]):
        if form.endswith("?"):
            predicate = {**good(PREDICATES[kind]), path[0]: None}
            assert statement.decode(payload(kind, predicate=predicate)).predicate[path[0]] is None
    for name in PREDICATES[kind]:
        fewer = {field: value for field, value in good(PREDICATES[kind]).items() if field != name}
        with pytest.raises(InputError, match="statement_malformed"):
            statement.decode(payload(kind, predicate=fewer))
    with pytest.raises(InputError, match="statement_malformed"):
        statement.decode(payload(kind, predicate={**good(PREDICATES[kind]), "more": 1}))


SUBJECT = {"name": "a", "digest": {"sha256": digest(b"")}}


@pytest.mark.parametrize(
    "changes",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"_type": None},
        {"more": 1},
        {"subject": {}},
        {"subject": [1]},
        {"subject": [{**SUBJECT, "name": 1}]},
        {"subject": [{**SUBJECT, "name": ""}]},
        {"subject": [{**SUBJECT, "uri": "a"}]},
        {"subject": [{**SUBJECT, "digest": {"sha256": "A" * 64}}]},
        {"subject": [{**SUBJECT, "digest": {"sha256": digest(b""), "sha1": "a"}}]},
        {"subject": [{**SUBJECT, "digest": digest(b"")}]},
        {"predicate": []},
        {"predicate": None},
        {"predicateType": 1},
    ],
)
def test_malformed(changes: dict[str, Any]) -> None:
    """Every outer field is there, of its type, and none besides."""
    with pytest.raises(InputError, match="statement_malformed"):
        statement.decode(payload(**changes))


def test_not_a_statement() -> None:
    """Other JSON is no statement."""
    for data in (b"[]", b"{}", b"1"):
        with pytest.raises(InputError, match="statement_malformed"):
            statement.decode(data)


@pytest.mark.parametrize("uri", ["urn:boltseal:report:v2", "urn:boltseal:rumour:v1", ""])
def test_unknown_kind(uri: str) -> None:
    """A kind or version of later days is told apart from a broken one."""
    with pytest.raises(InputError, match="statement_unknown_kind"):
        statement.decode(payload(predicateType=uri))


def test_encode_refuses() -> None:
    """What would not be read is not written."""
    with pytest.raises(InputError, match="statement_unknown_kind"):
        statement.encode(Statement("rumour", (), {}))
    with pytest.raises(InputError, match="statement_malformed"):
        statement.encode(Statement("release", (), {"host_id": "host-1"}))


def test_limit() -> None:
    """The limit is the caller's to lower."""
    with pytest.raises(InputError, match="too_large"):
        statement.decode(payload(), limit=100)
