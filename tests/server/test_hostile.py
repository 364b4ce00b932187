"""Enrolled hosts that lie, strangers that make the server work, and folders with something planted in them."""

import asyncio
import gzip
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from config import envelope, statement
from config.errors import InputError
from server import body, database, fleet, home, roster
from tests.server.twin import Clock, InProcess, Twin, section_bytes, upload
from tests.server.unharmed import unharmed

CHECK = "password.min-length.v1"


def test_two_signatures(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """Two hosts that sign one report are refused: server and auditor might believe different ones."""
    twin, other = enrolled("twin-1"), enrolled("twin-2")
    with unharmed(server, twin):
        both = envelope.sign(statement.encode(twin.report()), twin.key, other.key)
        answer = server.request("POST", "/api/v1/reports", upload(envelope.encode(both), [section_bytes()]))
        assert (400, "envelope_malformed") == (answer.status, answer.code)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "8999-12-31T23:59:59Z"])
def test_times_at_the_ends(time: str, server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """A report from the end of the calendar is refused or unknown, and disturbs no other host's page."""
    liar, good = enrolled("twin-1"), enrolled("twin-2")
    with unharmed(server, good):
        said = liar.report()
        said = replace(said, predicate={**said.predicate, "finished_at": time})
        with suppress(ValueError, InputError):  # our own encoder may refuse it already
            server.request("POST", "/api/v1/reports", liar.body(said))
        server.settle()
    with closing(database.connect(server.home.database)) as connection:
        assert fleet.overview(connection, server.clock()).coverage.expected == 2
        seen = fleet.host(connection, "twin-1", server.clock())
        assert {"pass", "not_applicable"}.isdisjoint({each.answer for each in seen.verdicts})


def test_body_that_shrank_too_well(server: InProcess, twin: Twin) -> None:
    """A few kilobytes that unpack to megabytes are refused before anything looks at them."""
    with unharmed(server, twin):
        packed = gzip.compress(b"[" + b"0," * (2 << 20) + b"0]")
        assert len(packed) < 16_384
        headers = {"content-encoding": "gzip"}
        assert "too_large" == server.request("POST", "/api/v1/reports", packed, headers).code


def test_silent_host_passes_nowhere(server: InProcess, twin: Twin, clock: Clock) -> None:
    """After a month of silence no page, list or count has a host among those that pass."""
    twin.ship(server)
    server.settle()
    clock.forward(days=30)
    with closing(database.connect(server.home.database)) as connection:
        assert 0 == roster.page(connection, clock())[0].passed
        assert {"stale"} == {each.counted_as for each in fleet.host(connection, "twin-1", clock()).verdicts}
        assert [] == fleet.check_hosts(connection, CHECK, "pass", clock())
        assert "pass" not in {each.answer for each in fleet.host(connection, "twin-1", clock()).verdicts}


def test_planted_link(tmp_path: Path) -> None:
    """A bundle written to a folder that others write to follows no link and keeps no foreign mode."""
    target, out = tmp_path / "target", tmp_path / "bundle.zip"
    target.write_text("precious")
    (tmp_path / "bundle.zip.new").symlink_to(target)
    home.write_private(out, b"new")
    assert ("precious", b"new", 0o600) == (target.read_text(), out.read_bytes(), out.stat().st_mode & 0o777)
    assert not out.is_symlink()


def test_large_form(server: InProcess, twin: Twin) -> None:
    """A page takes a form, not forty megabytes."""
    with unharmed(server, twin):
        answer = server.request("POST", "/accounts/login/", b"x=" + b"y" * (2 << 20))
        assert "too_large" == answer.code


def test_sections_over_several_uploads(server: InProcess, twin: Twin) -> None:
    """Each upload is small, and the report that names all of it is refused: a bundle holds it at once."""
    many = [
        section_bytes(f"part_{number}", {f"part_{number}.text_{line}": "x" * 900 for line in range(2000)})
        for number in range(5)
    ]
    with unharmed(server, twin):
        for each in many:
            assert 200 == twin.ship(server, twin.report([each])).status
        answer = twin.ship(server, twin.report(many), [])
        assert (413, "too_large") == (answer.status, answer.code)


def test_endless_form() -> None:
    """A page's body without a length ends as a client that went away."""
    part = {"type": "http.request", "body": bytes(body.PAGE_MAX_BYTES // 2 + 1), "more_body": True}

    async def receive() -> dict[str, object]:
        return part

    async def kinds() -> list[object]:
        bounded = body.within(receive, 5)
        return [(await bounded())["type"] for _ in range(2)]

    assert ["http.request", "http.disconnect"] == asyncio.run(kinds())


def test_commits_are_synced(server: InProcess) -> None:
    """What is acknowledged is on the disk: every commit waits for it, and nobody turned that off."""
    with closing(database.connect(server.home.database)) as connection:
        assert [(2,)] == connection.execute("PRAGMA synchronous").fetchall()
        assert [("wal",)] == connection.execute("PRAGMA journal_mode").fetchall()
