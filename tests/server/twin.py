"""A host in memory: a key, a chain, sections; everything an agent signs, without an agent.

Other rooms' tests may use it: `Twin` makes bytes, `InProcess` serves a home without a socket.
"""

import asyncio
import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from config import canonical, checkpoint, envelope, keys, receipt, section, statement
from config.canonical import Json
from config.checkpoint import Checkpoint
from config.keys import PrivateKey
from config.statement import Statement, Subject
from server import database, tokens
from server.asgi import Front
from server.home import Home

NOW = datetime.fromisoformat("2026-11-24T12:00:00Z")
FOUNDED = 5
"""Entries in the log of a fresh home: the server's keys, the catalogue, the profile, two feeds."""
SECRET = b"a secret of the twin's own"
FACTS: Mapping[str, Json] = {"os.family": "linux", "password.min_length": 16}


@dataclass(frozen=True)
class Answer:
    """A status and a decoded body."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.body["error"]["code"])


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class Server(Protocol):
    """Something that serves a home."""

    home: Home

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request and its answer."""
        ...


class InProcess:
    """A running front without a socket."""

    def __init__(self, home: Home, clock: Callable[[], datetime]) -> None:
        self.home = home
        self.clock = clock
        self.front = Front(home, _no_pages, clock)
        self.runner = asyncio.Runner()
        self.runner.run(self.front.start())

    def close(self) -> None:
        self.runner.run(self.front.stop())
        self.runner.close()

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.runner.run(self.call(method, path, body, headers or {}))

    def many(self, requests: Sequence[tuple[str, str, bytes, Mapping[str, str]]]) -> list[Answer]:
        """Send requests at once; answers come in their order."""

        async def all_of_them() -> list[Answer]:
            return await asyncio.gather(*(self.call(*each) for each in requests))

        return self.runner.run(all_of_them())

    def settle(self) -> None:
        """Let verdicts be refreshed, as they are after an answer."""

        async def settled() -> None:
            self.front.desk.sweeper.nudge()
            await self.front.desk.sweeper.settled()

        self.runner.run(settled())

    async def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        sent: list[Any] = []
        named = {"host": "localhost", "content-length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
            "client": ("192.0.2.1", 40000),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.front(scope, receive, send)
        got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        content = b"".join(message.get("body", b"") for message in sent[1:])
        is_json = got.get("content-type") == "application/json"
        return Answer(sent[0]["status"], json.loads(content) if is_json else content, got)


async def _no_pages(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"a page"})


def section_bytes(
    collector: str = "password", facts: Mapping[str, Json] = FACTS, secret: bytes = SECRET
) -> bytes:
    """A sealed section."""
    sources = dict.fromkeys(facts, (f"/etc/{collector}.conf:1",))
    return section.seal(collector, 1, "collected", None, facts, {}, sources, secret)


class Twin:
    """A host that signs. `previous` and `sequence` are its chain's head as it knows it."""

    def __init__(self, host_id: str = "twin-1", algorithm: str = keys.ED25519) -> None:
        self.host_id, self.observer = host_id, host_id
        self.kind, self.platform = "host", "linux"
        self.key: PrivateKey = keys.generate(algorithm)
        self.sequence = 0
        self.previous: str | None = None
        self.known: Checkpoint | None = None
        self._sealed: dict[str, bytes] = {}

    def observes(self, name: str, platform: str) -> "Twin":
        """Something that this host observes, `kind.name`: a chain of its own under the same key."""
        seen = copy.copy(self)
        seen.host_id = f"{self.host_id}~{name}"
        seen.kind, seen.platform = name.partition(".")[0], platform
        seen.sequence, seen.previous, seen._sealed = 0, None, {}
        return seen

    def request_bytes(self, **changes: Json) -> bytes:
        """A signed enrolment request."""
        public = self.key.public
        predicate: dict[str, Json] = {
            "host_id": self.host_id,
            "hostname": f"{self.host_id}.example",
            "key": {"algorithm": public.algorithm, "spki": canonical.encode_base64(public.spki)},
            "protection": "file",
            "serial": None,
            "platform": "linux",
            "agent_version": "0",
            "requested_at": canonical.encode_time(NOW),
            **changes,
        }
        return self.sign(Statement("enrolment_request", (Subject("key", public.key_id),), predicate))

    def report(
        self, sections: Sequence[bytes] | None = None, finished_at: datetime = NOW, **changes: Json
    ) -> Statement:
        """The next report of the chain, unsigned."""
        sealed = [section_bytes()] if sections is None else sections
        self._sealed.update((statement.digest(each), each) for each in sealed)
        subjects = [Subject(section.decode(each).collector, statement.digest(each)) for each in sealed]
        predicate: dict[str, Json] = {
            "subject": {"id": self.host_id, "kind": self.kind},
            "observer": {"id": self.observer},
            "sequence": self.sequence + 1,
            "previous": self.previous,
            "started_at": canonical.encode_time(finished_at - timedelta(seconds=2)),
            "finished_at": canonical.encode_time(finished_at),
            "trigger": "scheduled",
            "agent_version": "0",
            "platform": self.platform,
            "role": "server",
            "privileges": "root",
            "cost": {"cpu_ms": 1, "wall_ms": 2, "peak_rss_kib": 3},
            "clock_offset_ms": None,
            **changes,
        }
        return Statement("report", tuple(sorted(subjects, key=lambda each: each.name)), predicate)

    def loss(self, lost_sha256: str, **changes: Json) -> Statement:
        """A statement that takes a lost report's place."""
        predicate: dict[str, Json] = {
            "subject": {"id": self.host_id, "kind": self.kind},
            "observer": {"id": self.observer},
            "sequence": self.sequence + 1,
            "previous": self.previous,
            "lost_sha256": lost_sha256,
            "reason": "spool_damaged",
            "found_at": canonical.encode_time(NOW),
            **changes,
        }
        return Statement("loss", (Subject("report", lost_sha256),), predicate)

    def sign(self, said: Statement) -> bytes:
        """The envelope of a statement."""
        return envelope.encode(envelope.sign(statement.encode(said), self.key))

    def body(self, said: Statement, sections: Sequence[bytes] | None = None) -> bytes:
        """What is posted for a statement: with the sections that it names, or with those given."""
        if sections is None:
            sections = [self._sealed[each.sha256] for each in said.subjects if each.sha256 in self._sealed]
        return upload(self.sign(said), sections)

    def advance(self, said: Statement) -> None:
        """Take a statement as the chain's head."""
        self.sequence += 1
        lost = said.predicate.get("lost_sha256")
        self.previous = str(lost) if lost else statement.digest(statement.encode(said))

    def enrol(self, server: Server, secret: str) -> Answer:
        """Enrol; keep the log's key and head."""
        headers = {"authorization": f"Bearer {secret}"}
        return server.request("POST", "/api/v1/enrolments", self.request_bytes(), headers)

    def ship(
        self, server: Server, said: Statement | None = None, sections: Sequence[bytes] | None = None
    ) -> Answer:
        """Send a statement, by default the next report, as an agent does; with the sections it names, or those given.

        On success the receipt is checked and the chain advances.
        """
        said = said or self.report()
        headers = {"boltseal-tree-size": str(self.known.size if self.known else 0)}
        answer = server.request("POST", "/api/v1/reports", self.body(said, sections), headers)
        if answer.status == 200:
            self.check(server, said, answer)
            if said.predicate["sequence"] == self.sequence + 1:
                self.advance(said)
        return answer

    def check(self, server: Server, said: Statement, answer: Answer) -> None:
        """Check a receipt, and that the log extends the one known before."""
        own = receipt.from_dict(answer.body["receipt"])
        log_key = server.home.key("log").public
        vkey = checkpoint.vkey(server.home.settings().origin, log_key)
        self.known = receipt.verify(own, statement.encode(said), vkey, self.known)


def upload(envelope_bytes: bytes, sections: Sequence[bytes]) -> bytes:
    """The body of ``POST /api/v1/reports``."""
    parts: dict[str, Json] = {
        "envelope": envelope_bytes.decode(),
        "sections": [each.decode() for each in sections],
    }
    return canonical.encode(parts)


def new_token(home: Home, now: datetime = NOW, hosts: int = 1, **options: Any) -> str:
    """A fresh token's secret."""
    connection = database.connect(home.database)
    try:
        return tokens.new(connection, now, timedelta(hours=24), hosts, **options)[1]
    finally:
        connection.close()


def rows(home: Home, sql: str, *values: str | int) -> list[tuple[Any, ...]]:
    """Rows of a home's database."""
    connection = database.connect(home.database)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def copied(home: Home, folder: Path) -> Home:
    """A copy of a home, for a test that changes it."""
    import shutil

    shutil.copytree(home.folder, folder)
    return Home(folder)
