"""The bare routes: what agents and log readers ask for, answered before Django sees the request.

Each is a function of the request and the `Desk`. Steps 1 to 6 of admission happen here, 7 to 9 in `writer.py`.
"""

import json
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from config import canonical, keys
from config.canonical import Json
from config.errors import InputError
from config.merkle import HASH_BYTES
from config.settings import ENVELOPE_MAX_BYTES, REQUESTS_IN_FLIGHT_MAX
from config.tiles import WIDTH
from server import admission, body, chain, enrolment, log
from server.admission import REVOKED, KnownKey, Submission
from server.body import Reading, Receive, Scope
from server.chain import Admitted
from server.home import Home
from server.rate import Rate
from server.sweeping import Sweeper
from server.writer import Writer

_TILE = re.compile(
    r"/tile/([0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)
_SIZE = re.compile(rb"[0-9]{1,15}")
_IMMUTABLE = ((b"cache-control", b"public, max-age=31536000, immutable"),)


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass
class Desk:
    """What the routes work with; made when the server starts."""

    home: Home
    connection: sqlite3.Connection  # for reading, on the event loop
    writer: Writer
    sweeper: Sweeper
    clock: Callable[[], datetime]
    rate: Rate = field(default_factory=Rate)
    reading: Reading = field(default_factory=Reading)
    in_flight: int = 0


async def report(scope: Scope, receive: Receive, desk: Desk) -> Answer:
    """``POST /api/v1/reports``: admit a report or a loss."""
    data = await body.read(scope, receive, desk.reading)  # 1
    if desk.in_flight >= REQUESTS_IN_FLIGHT_MAX:
        raise InputError("busy", "Too many reports at once.", "Try again in a few seconds.")
    desk.in_flight += 1
    try:
        submission = _verified(data, _address(scope), desk)
        admitted: Admitted = await desk.writer.submit(chain.admit(submission, _known_size(scope)))
    finally:
        desk.in_flight -= 1
    desk.sweeper.nudge()  # 10
    said: dict[str, Json] = {
        "status": "accepted" if admitted.is_new else "already_here",
        "receipt": admitted.receipt.to_dict(),
        "time": canonical.encode_time(desk.clock()),
        "next_seconds": None,
    }
    return Answer(200, _json(said))


async def enrol(scope: Scope, receive: Receive, desk: Desk) -> Answer:
    """``POST /api/v1/enrolments``: let a host in against a token."""
    scheme, _, secret = body.header(scope, b"authorization").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise InputError("token_unknown", "The request carries no enrolment token.")
    desk.rate.spend("", _address(scope), time.monotonic())
    data = await body.read(scope, receive, desk.reading, ENVELOPE_MAX_BYTES)
    request = enrolment.open_request(data)
    job = enrolment.enrol(request, secret.strip(), desk.clock(), _known_size(scope))
    enrolled: enrolment.Enrolled = await desk.writer.submit(job)
    said: dict[str, Json] = {
        "host_id": enrolled.host_id,
        "server_keys": enrolled.server_keys.decode(),
        "enrolment": enrolled.enrolment.decode(),
        "receipt": enrolled.receipt.to_dict(),
        "time": canonical.encode_time(desk.clock()),
    }
    return Answer(201 if enrolled.is_new else 200, _json(said))


async def ca(scope: Scope, receive: Receive, desk: Desk) -> Answer:
    """``GET /api/v1/ca.pem``: the CA certificate; whoever fetches it compares its fingerprint."""
    return Answer(200, desk.home.ca_file.read_bytes(), b"application/x-pem-file")


async def checkpoint(scope: Scope, receive: Receive, desk: Desk) -> Answer:
    """``GET /checkpoint`` (C2SP) and ``GET /api/v1/checkpoint``: the log's signed head."""
    return Answer(200, log.head(desk.connection).note.encode(), b"text/plain; charset=utf-8")


async def tile(scope: Scope, receive: Receive, desk: Desk) -> Answer:
    """``GET /tile/…``: hashes of the log (C2SP tlog-tiles). A partial tile is a beginning of what is kept."""
    found = _TILE.fullmatch(scope["path"])
    width = int(found[4] or WIDTH) if found else 0
    if not found or width > WIDTH or (found[4] and width == WIDTH):
        raise InputError("not_found", "There is no such tile.")
    index = int(found[2].replace("x", "").replace("/", "") + found[3])
    sql = "SELECT hashes FROM tile WHERE level=? AND tile_index=?"
    row = desk.connection.execute(sql, (int(found[1]), index)).fetchone() if index < 1 << 62 else None
    if row is None or len(row[0]) < width * HASH_BYTES:
        raise InputError("not_found", "The log does not reach to this tile yet.")
    return Answer(200, bytes(row[0][: width * HASH_BYTES]), b"application/octet-stream", _IMMUTABLE)


def known_key(connection: sqlite3.Connection, key_id: str) -> KnownKey:
    """Return an enrolled key; InputError ``unknown_key``."""
    sql = (
        "SELECT k.spki, k.host_id, k.state, h.state FROM host_key k"
        " JOIN host h ON h.host_id = k.host_id WHERE k.key_id=?"
    )
    row = connection.execute(sql, (key_id,)).fetchone()
    if row is None:
        hint = "Enrol the host: boltseal enroll STRING"
        raise InputError("unknown_key", "The report is signed by a key that is not enrolled here.", hint)
    spki, host_id, *states = row
    state = REVOKED if REVOKED in states else states[0]
    return KnownKey(_public_key(bytes(spki)), host_id, state)


def sections_here(connection: sqlite3.Connection, submission: Submission) -> dict[str, tuple[str, int]]:
    """Return which of the sections that did not come along are kept for this subject: collector and size of each."""
    wanted = [sha256 for sha256 in submission.subjects if sha256 not in submission.sections]
    if not wanted:
        return {}
    sql = (
        "SELECT sha256, collector, size_bytes FROM section"
        " WHERE host_id=? AND sha256 IN (SELECT value FROM json_each(?))"
    )
    rows = connection.execute(sql, (submission.host_id, json.dumps(wanted))).fetchall()
    return {sha256: (collector, size) for sha256, collector, size in rows}


def _verified(data: bytes, address: str, desk: Desk) -> Submission:
    upload = admission.open_upload(data)  # 1, 2
    desk.rate.spend(upload.key_id, address, time.monotonic())
    known = known_key(desk.connection, upload.key_id)
    submission = admission.verify(upload, known)  # 3, 4, 5
    sql = "SELECT 1 FROM host WHERE host_id=? AND sections_sha256=?"
    last = desk.connection.execute(sql, (submission.host_id, submission.sections_sha256)).fetchone()
    # The sections of the last report were matched when it came.
    here = dict.fromkeys(submission.subjects) if last else sections_here(desk.connection, submission)
    admission.match_sections(submission, here)  # 6
    return submission


def _json(said: dict[str, Json]) -> bytes:
    """An answer's bytes: nobody signs them, so they need no canonical form."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _known_size(scope: Scope) -> int:
    """The size of the last log that the agent saw; it asks for proof that ours extends it."""
    text = body.header(scope, b"boltseal-tree-size")
    return int(text) if _SIZE.fullmatch(text) else 0


def _address(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""


@lru_cache(maxsize=4096)
def _public_key(spki: bytes) -> keys.PublicKey:
    return keys.load_public(spki)
