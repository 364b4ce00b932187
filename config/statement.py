"""in-toto Statements v1: the one form of everything that can change a verdict.

A kind's predicate is a small declared table, checked on encode and decode alike: every field is always there,
none that is not declared. A trailing `?` allows null, which says "not known".
"""

import hashlib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from config import canonical
from config.canonical import Encodable, Json
from config.errors import InputError
from config.settings import ENVELOPE_MAX_BYTES, INTEGER_MAX, TEXT_MAX_CHARACTERS

TYPE = "https://in-toto.io/Statement/v1"

_Schema: TypeAlias = "str | Mapping[str, _Schema]"

_OBSERVED: Mapping[str, _Schema] = {
    "subject": {"id": "subject", "kind": "host|directory|network|tenant|device"},
    "observer": {"id": "id"},
    "sequence": "number",
    "previous": "hex?",
}
_KEY: Mapping[str, _Schema] = {"algorithm": "ed25519|ecdsa-p256", "spki": "base64"}
_ENROLLED: Mapping[str, _Schema] = {
    "host_id": "id",
    "hostname": "text",
    "key": _KEY,
    "protection": "file|os_sealed|hardware",
    "serial": "text?",
    "platform": "text",
}
_ADMITTED: Mapping[str, _Schema] = {
    "token_id": "text",
    "tags": "texts",
    "enrolled_at": "time",
    "request_sha256": "hex",
}
_LOG: Mapping[str, _Schema] = {"name": "text", "vkey": "text"}

PREDICATES: Mapping[str, Mapping[str, _Schema]] = {
    # Signed by a host.
    "report": {
        **_OBSERVED,
        "started_at": "time",
        "finished_at": "time",
        "trigger": "scheduled|catch_up|manual|enrolment",
        "agent_version": "text",
        "platform": "text",
        "role": "text",
        "privileges": "text",
        "cost": {"cpu_ms": "count", "wall_ms": "count", "peak_rss_kib": "count"},
        # The server's time minus the host's when they last spoke: negative where the host's clock is ahead.
        "clock_offset_ms": "int?",
    },
    "loss": {**_OBSERVED, "lost_sha256": "hex", "reason": "spool_damaged|spool_full", "found_at": "time"},
    "enrolment_request": {**_ENROLLED, "agent_version": "text", "requested_at": "time"},
    # Signed by the server's key.
    "server_keys": {"server": _KEY, "bundle": _KEY, "log": _LOG, "issued_at": "time"},
    "enrolment": {**_ENROLLED, **_ADMITTED},
    "revocation": {"host_id": "id", "key_id": "hex", "reason": "text", "revoked_at": "time"},
    "fork": {
        "host_id": "id",
        "sequence": "number",
        "held_sha256": "hex",
        "shown_sha256": "hex",
        "seen_at": "time",
    },
    "release": {"host_id": "id", "reason": "text", "released_at": "time"},
    "catalogue": {"version": "text", "digest": "hex", "adopted_at": "time"},
    "profile": {"name": "text", "digest": "hex", "mfa_reading": "text|conference", "adopted_at": "time"},
    "feed": {
        "name": "kev|osv|eol",
        "version": "text",
        "published_at": "time",
        "source_sha256": "hex",  # of the downloaded file, which the feed was reduced from
        "adopted_at": "time",
    },
    "document": {
        "id": "id",
        "part": "text",
        "title": "text",
        "owner": "text",
        "approver": "text",
        "sha256": "hex",
        "effective_on": "date",
        "expires_on": "date",
        "version": "text",
    },
    "waiver": {
        "id": "id",
        "check": "text",
        "scope": {"all": "bool", "hosts": "texts"},
        "reason": "text",
        "approver": "text",
        "ends_at": "time",
        "approved_at": "time",
    },
    # Signed by the bundle key: a bundle's manifest, never in the log.
    "bundle": {
        "created_at": "time",
        "moment": "time",
        "tree_size": "count",
        "company": "text?",
        "server_key_id": "hex",
        "scope": "text",
        "archive_sha256": "hex",
    },
}

_URI = {kind: f"urn:boltseal:{kind}:v1" for kind in PREDICATES}
_KIND = {uri: kind for kind, uri in _URI.items()}
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
# A host by its id; what a host observes by observer, kind and name. No enrolled id has a tilde.
_SUBJECT = re.compile(rf"{_ID.pattern}(~[a-z]+\.[a-z0-9][a-z0-9._-]{{0,62}})?")
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: a name and the SHA-256 of its bytes, in hex."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Statement:
    """A parsed statement of a known kind, with every field of the kind's predicate."""

    kind: str
    subjects: tuple[Subject, ...]
    predicate: Mapping[str, Json]


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def encode(statement: Statement) -> bytes:
    """Write the statement as canonical JSON. Raises as `decode` does."""
    document: dict[str, Encodable] = {
        "_type": TYPE,
        "subject": [{"name": each.name, "digest": {"sha256": each.sha256}} for each in statement.subjects],
        "predicateType": _URI.get(statement.kind, statement.kind),
        "predicate": statement.predicate,
    }
    payload = canonical.encode(document)
    decode(payload, len(payload))
    return payload


def decode(payload: bytes, limit: int = ENVELOPE_MAX_BYTES) -> Statement:
    """Read a payload whose bytes have been verified.

    Raises InputError `statement_malformed`, `statement_unknown_kind`, or what `canonical.decode` raises.
    """
    match canonical.decode(payload, limit):
        case {
            "_type": str(form),
            "subject": list(subjects),
            "predicateType": str(uri),
            "predicate": predicate,
            **rest,
        } if form == TYPE and not rest:
            if uri not in _KIND:
                raise InputError("statement_unknown_kind", f"{uri[:80]!r} is no kind of statement")
            kind = _KIND[uri]
            _check(PREDICATES[kind], predicate, kind)
            return Statement(kind, tuple(map(_subject, subjects)), cast(dict[str, Json], predicate))
    raise _malformed("not an in-toto Statement v1")


def _subject(value: Json) -> Subject:
    match value:
        case {"name": str(name), "digest": {"sha256": str(sha256), **others}, **rest}:
            if not rest and not others and _is_text(name) and _HEX.fullmatch(sha256):
                # A fleet's reports name the same few collectors again and again.
                return Subject(sys.intern(name), sha256)
    raise _malformed("a subject is not a name with one SHA-256")


def _check(schema: _Schema, value: Json, where: str) -> None:
    if isinstance(schema, str):
        if not (value is None and schema.endswith("?")) and not _matches(schema.rstrip("?"), value):
            raise _malformed(f"{where} is not of the form {schema}")
    elif not isinstance(value, dict) or value.keys() != schema.keys():
        raise _malformed(f"{where} does not have exactly the fields {', '.join(schema)}")
    else:
        for name, inner in schema.items():
            _check(inner, value[name], f"{where}.{name}")


def _matches(form: str, value: Json) -> bool:
    if form in _FORMS:
        return _FORMS[form](value)
    return isinstance(value, str) and value in form.split("|")


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and 0 < len(value) <= TEXT_MAX_CHARACTERS


def _is_integer(value: Json, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _reads(reader: Callable[[str], object]) -> Callable[[Json], bool]:
    def reads(value: Json) -> bool:
        try:
            return isinstance(value, str) and reader(value) is not None
        except InputError:
            return False

    return reads


_FORMS: Mapping[str, Callable[[Json], bool]] = {
    "text": _is_text,
    "texts": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: _is_integer(value, -INTEGER_MAX),
    "count": lambda value: _is_integer(value, 0),
    "number": lambda value: _is_integer(value, 1),
    "id": lambda value: isinstance(value, str) and _ID.fullmatch(value) is not None,
    "subject": lambda value: isinstance(value, str) and _SUBJECT.fullmatch(value) is not None,
    "hex": lambda value: isinstance(value, str) and _HEX.fullmatch(value) is not None,
    "time": _reads(canonical.decode_time),
    "date": _reads(lambda text: canonical.decode_time(f"{text}T00:00:00Z")),
    "base64": _reads(canonical.decode_base64),
}


def _malformed(message: str) -> InputError:
    return InputError("statement_malformed", message)
