"""The in-memory twin of the server: its protocol on a real Merkle log, so that receipts are real.

It polices its caller: a wrong header, a repeated section or a token in the wrong place fails the test at
once. `Fault`s make it misbehave: once each, in the order they were queued.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.transport import Answer
from config import canonical, checkpoint, envelope, keys, merkle, replay, statement
from config.canonical import Json
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.keys import PrivateKey, PublicKey
from config.receipt import Receipt
from config.statement import Statement, Subject

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
URL = "https://twin.test:8443"
CA_DER = b"what only looks like a certificate"
CA_PEM = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(CA_DER) + b"\n-----END CERTIFICATE-----\n"
TOKEN = "t0ken-that-must-never-be-seen"
ORIGIN = "boltseal/twin"

Reply = tuple[int, dict[str, Json], dict[str, str]]
Fault = Callable[["ServerTwin", Callable[[], Reply]], Reply]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Chain:
    """What the twin keeps of one host."""

    key: PublicKey
    sequence: int = 0
    sha256: str | None = None
    held: dict[int, str] = field(default_factory=dict)
    state: str = "active"


class ServerTwin:
    """One server. `clock` is the server's own."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.server_key, self.bundle_key, self.log_key = (keys.generate() for _ in range(3))
        self.vkey = checkpoint.vkey(ORIGIN, self.log_key.public)
        self.leaves: list[bytes] = []
        self.index: dict[str, int] = {}
        self.chains: dict[str, Chain] = {}
        self.enrolments: dict[str, str] = {}
        self.sections: dict[str, bytes] = {}
        self.admitted: list[Statement] = []
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Json]] = []
        self.next_seconds: int | None = None
        self.more: dict[str, Json] = {}
        self.server_keys = self._say("server_keys", (), self._keys())

    @property
    def enrolment_string(self) -> str:
        """What a person would paste."""
        ca = statement.digest(CA_DER)
        packed = canonical.encode({"ca": ca, "token": TOKEN, "url": URL})
        return "boltseal1." + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @property
    def reports(self) -> list[Statement]:
        """The admitted reports, in the log's order."""
        return [said for said in self.admitted if said.kind == "report"]

    def connect(self, url: str, ca: Path) -> ServerTwin:
        """As `Https` is called; the CA must be the one from the enrolment string."""
        assert url == URL
        assert CA_DER in base64.b64decode(b"".join(ca.read_bytes().splitlines()[1:-1]))
        return self

    def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One request, as agent.transport.Transport has it."""
        sent_at = self.clock()
        self.requests.append((method, path))

        def handle() -> Reply:
            return self._handle(method, path, body, headers)

        status, value, more = self.faults.popleft()(self, handle) if self.faults else handle()
        value = {**value, "time": canonical.encode_time(self.clock()), **self.more}
        return Answer(status, more, json.dumps(value).encode(), sent_at, self.clock())

    def _handle(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            if (method, path) == ("POST", "/api/v1/enrolments"):
                return self._enrol(body, headers)
            assert (method, path) == ("POST", "/api/v1/reports"), f"the agent asked for {method} {path}"
            return self._report(body, headers)
        except RefusedError as refused:
            return refused.reply

    def _enrol(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise RefusedError(401, "token_unknown")
        opened = envelope.decode(body)
        said = statement.decode(opened.payload)
        described = said.predicate["key"]
        assert isinstance(described, dict)
        key = keys.load_public(canonical.decode_base64(str(described["spki"])))
        envelope.verify(opened, [key])
        host_id, status = str(said.predicate["host_id"]), 200
        if host_id not in self.chains:
            self.chains[host_id], status = Chain(key), 201
            names = ("host_id", "hostname", "key", "protection", "serial", "platform")
            predicate = {name: said.predicate[name] for name in names}
            predicate |= {
                "token_id": "token-1",
                "tags": [],
                "enrolled_at": canonical.encode_time(self.clock()),
                "request_sha256": statement.digest(opened.payload),
            }
            self.enrolments[host_id] = self._say("enrolment", (Subject("key", key.key_id),), predicate)
        text = self.enrolments[host_id]
        answer: dict[str, Json] = {"host_id": host_id, "server_keys": self.server_keys, "enrolment": text}
        return status, {**answer, "receipt": self.receipt(envelope.decode(text.encode()).payload, 0)}, {}

    def _report(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        assert "Authorization" not in headers
        assert headers["Content-Encoding"] == "gzip"
        value = canonical.decode(gzip.decompress(body), 8 << 20)
        assert isinstance(value, dict)
        texts = value["sections"]
        assert isinstance(texts, list)
        self.bodies.append(value)
        opened = envelope.decode(str(value["envelope"]).encode())
        said = statement.decode(opened.payload)
        observer = said.predicate["observer"]
        assert isinstance(observer, dict)
        chain = self.chains.get(str(observer["id"]))
        if chain is None:
            raise RefusedError(401, "unknown_key")
        payload = envelope.verify(opened, [chain.key]).payload
        # What a host observes has a chain of its own under the host's key.
        chain = self.chains.setdefault(replay.about(said), Chain(chain.key))
        came = {statement.digest(str(text).encode()): str(text).encode() for text in texts}
        named = {subject.sha256 for subject in said.subjects} if said.kind == "report" else set()
        assert came.keys() <= named, "a section that the report does not name"
        missing: list[Json] = [
            digest for digest in sorted(named - came.keys()) if digest not in self.sections
        ]
        if missing:
            raise RefusedError(409, "sections_missing", {"missing": missing})
        status = self._place(chain, said, payload)
        self.sections |= came
        size = int(headers["Boltseal-Tree-Size"])
        receipt = self.receipt(payload, size)
        return 200, {"status": status, "receipt": receipt, "next_seconds": self.next_seconds}, {}

    def _place(self, chain: Chain, said: Statement, payload: bytes) -> str:
        digest, sequence = statement.digest(payload), said.predicate["sequence"]
        assert isinstance(sequence, int)
        head = str(said.predicate["lost_sha256"]) if said.kind == "loss" else digest
        if digest in self.index:
            return "already_here"
        if chain.state != "active":
            raise RefusedError(403, f"host_{chain.state}")
        if sequence > chain.sequence + 1:
            raise RefusedError(409, "sequence_gap", {"expected": chain.sequence + 1})
        is_next = sequence == chain.sequence + 1 and said.predicate["previous"] == chain.sha256
        if not is_next and chain.held.get(sequence) != head:
            chain.state = "quarantined"
            raise RefusedError(409, "sequence_fork")
        if is_next:
            chain.sequence, chain.sha256 = sequence, head
            chain.held[sequence] = head
        self.admitted.append(said)
        self._log(payload)
        return "accepted"

    def _log(self, payload: bytes) -> None:
        self.index[statement.digest(payload)] = len(self.leaves)
        self.leaves.append(merkle.leaf_hash(payload))

    def _say(self, kind: str, subjects: tuple[Subject, ...], predicate: Mapping[str, Json]) -> str:
        payload = statement.encode(Statement(kind, subjects, predicate))
        self._log(payload)
        return envelope.encode(envelope.sign(payload, self.server_key)).decode()

    def _keys(self) -> dict[str, Json]:
        def described(key: PrivateKey) -> dict[str, Json]:
            return {"algorithm": key.public.algorithm, "spki": canonical.encode_base64(key.public.spki)}

        return {
            "server": described(self.server_key),
            "bundle": described(self.bundle_key),
            "log": {"name": ORIGIN, "vkey": self.vkey},
            "issued_at": canonical.encode_time(self.clock()),
        }

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.leaves[index]
        return merkle.node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))

    def receipt(self, payload: bytes, known: int) -> dict[str, Json]:
        """A real receipt; consistency from whatever the caller knows, as far as this log reaches."""
        size, digest = len(self.leaves), statement.digest(payload)
        note = checkpoint.sign(Checkpoint(ORIGIN, size, merkle.root(size, self._node)), self.log_key)
        known = min(known, size)
        return Receipt(
            digest,
            self.index[digest],
            note.decode(),
            tuple(each.hex() for each in merkle.inclusion_proof(self.index[digest], size, self._node)),
            known,
            tuple(each.hex() for each in merkle.consistency_proof(known, size, self._node)),
        ).to_dict()


class RefusedError(Exception):
    """The twin's refusal, in the server's shape."""

    def __init__(self, status: int, code: str, more: Mapping[str, Json] | None = None) -> None:
        super().__init__(code)
        error: dict[str, Json] = {
            "code": code,
            "message": f"The twin says {code}.",
            "hint": "",
            **(more or {}),
        }
        self.reply: Reply = (status, {"error": error}, {})


def unreachable(twin: ServerTwin, handle: Callable[[], Reply]) -> Reply:
    """Nothing arrives."""
    raise InputError("server_unreachable", "the twin is down")


def answer_lost(twin: ServerTwin, handle: Callable[[], Reply]) -> Reply:
    """The request arrives and is done; the answer is lost."""
    handle()
    raise InputError("server_unreachable", "the answer was lost")


def refusing(status: int, code: str, retry_after: str | None = None) -> Fault:
    """An error of the server's."""

    def fault(twin: ServerTwin, handle: Callable[[], Reply]) -> Reply:
        status_, value, _ = RefusedError(status, code).reply
        return status_, value, {"retry-after": retry_after} if retry_after else {}

    return fault


def changing(change: Callable[[dict[str, Json]], None]) -> Fault:
    """The right answer with one thing changed."""

    def fault(twin: ServerTwin, handle: Callable[[], Reply]) -> Reply:
        status, value, more = handle()
        change(value)
        return status, value, more

    return fault
