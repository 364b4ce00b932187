"""Admitting a report, all ten steps, against the least that any server must do with the same bytes."""

import asyncio
import base64
import gc
import hashlib
import json
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from measure import figure, reading

from config import section, shipped, statement
from config.canonical import Json
from config.envelope import pae
from config.keys import PublicKey
from server import founding
from server.ledger import PACK_LEVEL
from tests.server.twin import InProcess, Twin, new_token

HOSTS, NIGHTS, SECTIONS = 128, 9, 20
NOW = datetime.now(UTC).replace(microsecond=0)
SECRET = bytes(32)
Body = tuple[bytes, PublicKey]


def main() -> None:
    """Admit nights of reports, changed and unchanged, and print what each costs."""
    founding.set_up_django(None)
    with tempfile.TemporaryDirectory() as folder:
        settings = founding.default_settings("", "", "bench.example/log")
        home = founding.found(Path(folder) / "home", ["localhost"], settings, NOW)
        server = InProcess(home, lambda: NOW)
        twins = _enrol(server)
        kept: dict[str, list[bytes]] = {}
        for name, changed in (("everything new", SECTIONS), ("two sections new", 2), ("nothing new", 0)):
            nights = [_night(twins, kept, f"{name} {night}", changed) for night in range(NIGHTS)]
            cost = _report(server, Path(folder) / f"{changed}.sqlite3", name, nights)
            late = [_night(twins, kept, f"{name} late {night}", changed) for night in range(4)]
            _latency(server, [body for night in late for body, _ in night], 500 / cost)
        server.close()


def _report(server: InProcess, path: Path, name: str, nights: Sequence[Sequence[Body]]) -> float:
    """Print the medians, and return the milliseconds of a report with its verdicts.

    Each night's cost and its limit are taken one after the other, since the machine is shared.
    """
    costs = []
    gc.collect()
    gc.freeze()  # as the server does once it has started
    connection = _least_database(path)
    for night in nights:
        harness = _cpu_ms(lambda: server.many([("GET", "/page", b"", {})] * HOSTS), HOSTS)
        admitted = _cpu_ms(partial(_admit, server, night), HOSTS) - harness
        judged = _judge(server)
        costs.append((admitted, admitted + judged, _cpu_ms(partial(_least, connection, night), HOSTS)))
    connection.close()
    admitted, judged, least = (float(statistics.median(column)) for column in zip(*costs, strict=True))
    size = statistics.mean(len(body) for night in nights for body, _ in night) / 1024
    print(f"{name}: {size:.1f} KiB a report of {SECTIONS} sections, {HOSTS} hosts at once")
    figure("  admit one report, to the answer", admitted, least, "ms", "<= 2 x")
    figure("  admit one report, verdicts refreshed", judged, least, "ms", "-")
    return judged


def _latency(server: InProcess, bodies: Sequence[bytes], rate: float) -> None:
    """Send at a steady rate, whether answers come or not, and print how long the slowest hundredth waits."""
    taken: list[float] = []
    gc.collect()
    gc.freeze()

    async def send(number: int, body: bytes) -> None:
        await asyncio.sleep(number / rate)
        began = time.monotonic()
        assert (await server.call("POST", "/api/v1/reports", body, {})).status == 200
        taken.append(time.monotonic() - began)

    async def every() -> None:
        await asyncio.gather(*(send(number, body) for number, body in enumerate(bodies)))

    server.runner.run(every())
    server.settle()
    slowest = sorted(taken)[len(taken) * 99 // 100] * 1000
    reading(f"  p99 to the receipt, {rate:.0f} reports/s", slowest, "ms", "<= 100 ms")


def _enrol(server: InProcess) -> list[Twin]:
    token = new_token(server.home, NOW, hosts=HOSTS)
    twins = [Twin(f"host-{number:03}") for number in range(HOSTS)]
    for twin in twins:
        assert twin.enrol(server, token).status == 201
    server.settle()
    return twins


def _night(twins: Sequence[Twin], kept: dict[str, list[bytes]], name: str, changed: int) -> list[Body]:
    """Sign a report of each host in which some sections are new; the host sends only those."""
    bodies = []
    for twin in twins:
        fresh = [_section(number, f"{name} {twin.host_id}") for number in range(changed)]
        every = [*fresh, *kept.get(twin.host_id, [])[changed:]]
        said = twin.report(every, NOW)
        bodies.append((twin.body(said, fresh), twin.key.public))
        twin.advance(said)
        kept[twin.host_id] = every
    return bodies


def _section(number: int, name: str) -> bytes:
    """One of the sections, with its share of every fact that the catalogue asks for."""
    facts = {
        fact: value for place, (fact, value) in enumerate(_facts().items()) if place % SECTIONS == number
    }
    facts[f"bench.note_{number}"] = name
    sources = dict.fromkeys(facts, ("/etc/example/file.conf:12",))
    return section.seal(f"subject_{number}", 1, "collected", None, facts, {}, sources, SECRET)


def _facts() -> dict[str, Json]:
    """Facts of the size that real ones have: of the examples, the last for each fact."""
    found: dict[str, Json] = {}
    for check in shipped.catalogue().checks.values():
        for example in check.examples:
            found.update(example.facts)
    return found


def _admit(server: InProcess, night: Sequence[Body]) -> None:
    server.front.desk.sweeper.nudge = lambda: None  # type: ignore[method-assign]  # verdicts are refreshed later, and counted apart
    none: Mapping[str, str] = {"boltseal-tree-size": "3"}
    requests = [("POST", "/api/v1/reports", body, none) for body, _ in night]
    assert {200} == {answer.status for answer in server.many(requests)}


def _judge(server: InProcess) -> float:
    """Refresh what is due; return the milliseconds a host."""
    del server.front.desk.sweeper.nudge
    began = time.process_time()
    server.settle()
    return (time.process_time() - began) * 1000 / HOSTS


def _cpu_ms(work: Callable[[], object], count: int) -> float:
    gc.collect()
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000 / count


def _least_database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE report (sha256 TEXT PRIMARY KEY, host TEXT, number INT, body BLOB)")
    connection.execute("CREATE TABLE section (host TEXT, sha256 TEXT, body BLOB, PRIMARY KEY (host, sha256))")
    return connection


def _least(connection: sqlite3.Connection, bodies: Sequence[Body]) -> None:
    """Signature check, decode, hash, pack, and insert all at once: what no server can leave out."""
    reports, sections = [], []
    for body, key in bodies:
        sent = json.loads(body)
        envelope = json.loads(sent["envelope"])
        payload = base64.b64decode(envelope["payload"])
        signature = base64.b64decode(envelope["signatures"][0]["sig"])
        assert key.verify(signature, pae(envelope["payloadType"], payload))
        said = json.loads(payload)["predicate"]
        host = said["observer"]["id"]
        packed = zlib.compress(sent["envelope"].encode(), PACK_LEVEL)
        reports.append((hashlib.sha256(payload).hexdigest(), host, said["sequence"], packed))
        for text in sent["sections"]:
            data = text.encode()
            json.loads(data)
            sections.append((host, statement.digest(data), zlib.compress(data, PACK_LEVEL)))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO report VALUES (?, ?, ?, ?)", reports)
    connection.executemany("INSERT INTO section VALUES (?, ?, ?)", sections)
    connection.execute("COMMIT")


if __name__ == "__main__":
    main()
