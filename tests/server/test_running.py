"""The real process: its start and stop, and what only a real one can suffer."""

import random
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from config import statement
from config.statement import Statement
from server.home import Home
from tests.server.running import Running, running
from tests.server.twin import Answer, Twin, rows, section_bytes
from tests.server.unharmed import intact, kept, unharmed


@pytest.fixture
def real(today: Home) -> Iterator[Running]:
    """A real server in the test's own home."""
    with running(today) as started:
        yield started


def test_stop(today: Home, real: Running) -> None:
    """A signal to stop ends it with what it took in written, and the address free for the next."""
    twin = real.enrol("one")
    assert 200 == twin.ship(real).status
    assert 0 == real.stop()
    intact(today)
    with running(today, "--listen", f"127.0.0.1:{real.address[1]}") as again:
        assert real.url == again.url
        assert 200 == twin.ship(again).status


def test_port_taken(today: Home, real: Running, tmp_path: Path) -> None:
    """A taken port is a clear error, or another port where that was asked for."""
    taken = f"127.0.0.1:{real.address[1]}"
    command = [sys.executable, "-m", "server", "--home", str(today.folder), "run", "--listen", taken]
    failed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert 5 == failed.returncode
    assert "--port-auto" in failed.stderr
    with running(today, "--listen", taken, "--port-auto") as other:
        assert other.address[1] != real.address[1]


def test_stalled_bodies(real: Running) -> None:
    """Two hundred uploads that stall half-way do not keep the next good report waiting."""
    twin = real.enrol("one")
    head = b"POST /api/v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 40000\r\n\r\n" + b"{" * 20000
    with unharmed(real, twin), ExitStack() as stack:
        for _ in range(200):
            stalled = stack.enter_context(real.connect())
            stalled.sendall(head)
        began = time.monotonic()
        assert 200 == twin.ship(real).status
        assert time.monotonic() - began < 5


def test_slow_and_long_heads(real: Running) -> None:
    """A head that never ends is cut off at its limit, and costs nobody else anything."""
    twin = real.enrol("one")
    with unharmed(real, twin), ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(real.connect()).sendall(b"POST /api/v1/reports HTTP/1.1\r\nX: ")
        endless = stack.enter_context(real.connect())
        endless.sendall(b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 40_000)
        assert endless.recv(1024).startswith(b"HTTP/1.1 431 ")
        assert b"" == endless.recv(1024)
        broken = stack.enter_context(real.connect())
        broken.sendall(b"\x00\x01\x02 nonsense\r\n\r\n")
        assert broken.recv(1024).startswith(b"HTTP/1.1 400 ")


def test_pages_behind_the_front(real: Running) -> None:
    """What is no bare route is Django's, with its security headers."""
    answer = real.request("GET", "/accounts/login/")
    assert 200 == answer.status
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "DENY" == answer.headers["x-frame-options"]


def test_killed_under_load(today: Home) -> None:
    """SIGKILL at any moment loses no acknowledged report, and doubles none when the hosts send again."""
    acknowledged: set[str] = set()
    with running(today) as first:
        twins = [first.enrol(f"host-{number}") for number in range(8)]
    for seed in range(3):
        with running(today) as started:
            assert acknowledged <= {row[0] for row in rows(today, "SELECT sha256 FROM statement")}
            with ThreadPoolExecutor(len(twins)) as pool:
                sending = [pool.submit(_send_until_cut, started, twin) for twin in twins]
                time.sleep(0.5 + random.Random(seed).random())
                started.stop(signal.SIGKILL)
                for each in sending:
                    acknowledged |= each.result()
    assert len(acknowledged) > 20
    with running(today) as last:
        for twin in twins:
            # The very bytes that may have been kept unanswered; others in their place would be a fork, rightly.
            assert 200 == twin.ship(last, *_next(twin)).status
    intact(today)
    sql = "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM statement WHERE host_id=? AND kind='report'"
    for twin in twins:
        assert [(twin.sequence,) * 3] == rows(today, sql, twin.host_id)


def _next(twin: Twin) -> tuple[Statement, list[bytes]]:
    """The report that continues a twin's chain; the same bytes until it is acknowledged."""
    sections = [section_bytes(facts={"number": twin.sequence})]
    return twin.report(sections), sections


def _send_until_cut(server: Running, twin: Twin) -> set[str]:
    """Send report after report; return the digests of those that were acknowledged."""
    done: set[str] = set()
    while True:
        said, sections = _next(twin)
        try:
            answer = twin.ship(server, said, sections)
        except (OSError, HTTPException):
            return done
        assert 200 == answer.status
        done.add(statement.digest(statement.encode(said)))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux only")
def test_full_disk(today: Home) -> None:
    """Where nothing can be written, nothing is acknowledged and nothing lost; with space again, it goes on."""
    with running(today) as started:
        twin = started.enrol("one")
        with unharmed(started, twin):
            before = kept(today)
            size = today.database.stat().st_size
            resource.prlimit(
                started.process.pid, resource.RLIMIT_FSIZE, (min(size // 2, 1 << 17), resource.RLIM_INFINITY)
            )
            # Nothing that packs well: it must not fit into what is left.
            big = section_bytes(facts={f"fact.{number}": secrets.token_hex(450) for number in range(900)})
            answers = [
                started.request("POST", "/api/v1/reports", twin.body(twin.report([big]), [big]))
                for _ in range(3)
            ]
            assert [(507, "disk_full")] * 3 == [(answer.status, answer.code) for answer in answers]
            assert "300" == answers[0].headers["retry-after"]
            assert 200 == started.request("GET", "/api/v1/checkpoint").status
            assert before == kept(today)
            resource.prlimit(started.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


@pytest.mark.real("mount", "umount", root=True)
def test_full_file_system(today: Home, tmp_path: Path) -> None:
    """The same on a file system that is really full."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small], check=True)
    try:
        _fill_and_free(today, small)
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)


def _fill_and_free(home: Home, small: Path) -> None:
    shutil.copytree(home.folder, small / "home")
    with running(Home(small / "home")) as started:
        twin = started.enrol("one")
        with unharmed(started, twin):
            filler = small / "filler"
            _fill(filler)
            answers = [_ship_new(started, twin, number) for number in range(60)]
            assert (507, "disk_full") == (answers[-1].status, answers[-1].code)
            filler.unlink()
        started.stop()


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as opened, suppress(OSError):
        while True:
            opened.write(b"\0" * 4096)


def _ship_new(started: Running, twin: Twin, number: int) -> Answer:
    fresh = section_bytes(facts={"number": number, "text": "".join(map(str, range(2000)))})
    return twin.ship(started, twin.report([fresh]))
