"""Letting a host in: a key made on the host, shown to be held, against a token."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from config import canonical, envelope, keys, statement
from config.canonical import Json
from config.errors import InputError
from config.keys import PublicKey
from config.receipt import Receipt
from config.statement import Statement, Subject
from server import hosts, tokens
from server.admission import ACTIVE
from server.ledger import Entries, kept_envelope, newest_envelope
from server.log import LogHead, Tree
from server.tokens import Token


@dataclass(frozen=True)
class Request:
    """An enrolment request whose signature shows that the sender holds the key in it."""

    key: PublicKey
    payload: bytes
    envelope_bytes: bytes
    said: Statement

    def text(self, name: str) -> str:
        """One of the request's text fields."""
        return str(self.said.predicate[name])

    @property
    def serial(self) -> str | None:
        """The machine's serial number, where it knows it."""
        value = self.said.predicate["serial"]
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Enrolled:
    """What a host gets back; `is_new` is false for a repeated request."""

    host_id: str
    server_keys: bytes
    enrolment: bytes
    receipt: Receipt
    is_new: bool


def open_request(body: bytes) -> Request:
    """Read and verify a request; InputError as admission's steps 2 to 5 have it."""
    opened = envelope.decode(body)
    # The key stands in the payload, so it is read first and believed only when it verifies these very bytes.
    claimed = statement.decode(opened.payload)
    if claimed.kind != "enrolment_request":
        raise InputError(
            "statement_unknown_kind", f"A host enrols with a request, not with a {claimed.kind}."
        )
    described = claimed.predicate["key"]
    assert isinstance(described, dict)
    key = keys.load_public(canonical.decode_base64(str(described["spki"])))
    verified = envelope.verify(opened, [key])
    if described["algorithm"] != key.algorithm or claimed.subjects != (Subject("key", key.key_id),):
        raise InputError("statement_malformed", "The request's subject is not its key.")
    return Request(key, verified.payload, body, claimed)


def enrol(
    request: Request, secret: str, now: datetime, known_size: int
) -> Callable[[Entries], Callable[[LogHead, Tree], Enrolled]]:
    """Return the writer's job that enrols a host and takes one off the token's quota, or finds it enrolled."""

    def job(entries: Entries) -> Callable[[LogHead, Tree], Enrolled]:
        token = tokens.find(entries.connection, secret)
        found = _enrolled(entries.connection, request, token, now)
        is_new = found is None
        if found is None:
            tokens.demand_usable(token, request.serial, now)
            found = _enter(entries, request, token)
        sha256, index, enrolment = found
        server_keys = newest_envelope(entries.connection, "server_keys")

        def finish(head: LogHead, tree: Tree) -> Enrolled:
            receipt = tree.receipt(sha256, index, head, known_size)
            return Enrolled(request.text("host_id"), server_keys, enrolment, receipt, is_new)

        return finish

    return job


def _enrolled(
    connection: sqlite3.Connection, request: Request, token: Token, now: datetime
) -> tuple[str, int, bytes] | None:
    """Return the enrolment of a key that is in already; nothing for a new one."""
    sql = "SELECT host_id, state FROM host_key WHERE key_id=?"
    row = connection.execute(sql, (request.key.key_id,)).fetchone()
    host_id = request.text("host_id")
    if row is None:
        if connection.execute("SELECT 1 FROM host WHERE host_id=?", (host_id,)).fetchone():
            hint = "An id belongs to its first key for good; let the host enrol afresh, with an empty state folder."
            raise InputError("host_exists", f"A host {host_id} is enrolled with another key.", hint)
        return None
    if row != (host_id, ACTIVE):
        raise InputError(
            "host_revoked", "This key was revoked, or belongs to another host.", "Enrol with a new key."
        )
    sql = "SELECT sha256, leaf_index FROM statement WHERE host_id=? AND kind='enrolment' ORDER BY leaf_index DESC"
    sha256, index = connection.execute(sql, (host_id,)).fetchone()
    kept = kept_envelope(connection, sha256)
    assert kept is not None
    # Its own token, used up or ended since, is as good as a fresh one: a lost answer must not strand a host.
    if statement.decode(envelope.decode(kept).payload).predicate["token_id"] != token.token_id:
        tokens.demand_usable(token, request.serial, now)
    return sha256, index, kept


def _enter(entries: Entries, request: Request, token: Token) -> tuple[str, int, bytes]:
    host_id, key = request.text("host_id"), request.key
    predicate: dict[str, Json] = {
        "host_id": host_id,
        "hostname": request.text("hostname"),
        "key": {"algorithm": key.algorithm, "spki": canonical.encode_base64(key.spki)},
        "protection": request.text("protection"),
        "token_id": token.token_id,
        "tags": list(token.tags),
        "serial": request.serial,
        "platform": request.text("platform"),
        "enrolled_at": entries.now,
        "request_sha256": statement.digest(request.payload),
    }
    said = entries.say("enrolment", [Subject("key", key.key_id)], predicate, host_id)
    sql = (
        "INSERT INTO host_key (key_id, host_id, algorithm, spki, protection, state, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    values = (key.key_id, host_id, key.algorithm, key.spki, request.text("protection"), ACTIVE, entries.now)
    entries.connection.execute(sql, values)
    described = (request.text("hostname"), ACTIVE, request.text("platform"), request.serial or "")
    hosts.add_row(entries, host_id, *described, json.dumps(token.tags), "host", "")
    hosts.count(entries.connection, ACTIVE, 1)
    entries.connection.execute("UPDATE token SET used=used+1 WHERE token_id=?", (token.token_id,))
    return said.sha256, said.leaf_index, said.envelope_bytes
