"""`boltseal-server feed`, as an administrator uses it, and what an import does to the fleet."""

import hashlib
import json
import os
import subprocess
import sys
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config import canonical, envelope, feed, shipped, statement
from server import __main__ as command
from server import adoption, database, ledger
from server.feeds import adopted, baseline, listing
from server.feeds.command import Progress
from server.feeds.reading import Reduced
from server.home import Home
from tests.server.feeds import vendors
from tests.server.running import running
from tests.server.twin import FOUNDED, NOW, rows
from tests.server.unharmed import intact

# The command has the real clock.
_NOW = datetime.now(UTC)
RELEASED, BEFORE = (canonical.encode_time(_NOW - timedelta(days=days)) for days in (2, 3))
Capture = pytest.CaptureFixture[str]
_SAID = "SELECT envelope FROM statement WHERE kind='feed' ORDER BY leaf_index"


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """A folder with the vendors' files."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "kev.json").write_text(json.dumps(vendors.kev(dateReleased=RELEASED)))
    (folder / "all.zip").write_bytes(vendors.zipped(vendors.osv()))
    (folder / "debian.json").write_text(json.dumps([vendors.cycle()]))
    (folder / "full.json").write_text(json.dumps(vendors.eol()))
    return folder


def _run(home: Home, *arguments: object) -> int:
    return command.main(["--home", str(home.folder), "feed", *map(str, arguments)])


def _said(home: Home) -> list[dict[str, Any]]:
    opened = [statement.decode(envelope.decode(zlib.decompress(row[0])).payload) for row in rows(home, _SAID)]
    return [{**each.predicate, "sha256": each.subjects[0].sha256} for each in opened]


def test_import(home: Home, downloads: Path, capsys: Capture) -> None:
    """Each feed becomes one signed entry that names both digests; the reduced bytes are kept, and it is listed."""
    assert 0 == _run(home, "import", "kev", downloads / "kev.json")
    assert "2 CVEs" in capsys.readouterr().out
    assert 0 == _run(home, "import", "osv", downloads / "all.zip", "--ecosystem", "Debian:12")
    assert 0 == _run(home, "import", "eol", downloads / "debian.json", "--published", "2026-11-20")
    told = _said(home)[2:]
    assert ["kev", "osv", "eol"] == [each["name"] for each in told]
    assert hashlib.sha256((downloads / "all.zip").read_bytes()).hexdigest() == told[1]["source_sha256"]
    capsys.readouterr()
    assert 0 == _run(home, "list", "--json")
    listed = json.loads(capsys.readouterr().out)
    assert [each["sha256"] for each in told] == [each["sha256"] for each in listed]
    assert [FOUNDED, FOUNDED + 1, FOUNDED + 2] == [each["leaf_index"] for each in listed]
    assert 0 == _run(home, "list")
    assert f"kev  fresh  published {RELEASED}" in capsys.readouterr().out
    intact(home)


def test_same_again(home: Home, downloads: Path, capsys: Capture) -> None:
    """The same file again is nothing new: no entry, no host judged anew."""
    assert 0 == _run(home, "import", "kev", downloads / "kev.json")
    before = rows(home, "SELECT size FROM log_state")
    capsys.readouterr()
    assert 0 == _run(home, "import", "kev", downloads / "kev.json")
    assert "Nothing new" in capsys.readouterr().out
    assert before == rows(home, "SELECT size FROM log_state")


def test_older(home: Home, downloads: Path, capsys: Capture) -> None:
    """An older file than the one in force is refused with the reason, unless that is wanted."""
    assert 0 == _run(home, "import", "kev", downloads / "kev.json")
    old = downloads / "old.json"
    old.write_text(json.dumps(vendors.kev(dateReleased=BEFORE)))
    assert 2 == _run(home, "import", "kev", old)
    assert f"published {BEFORE}, the one in force {RELEASED}" in capsys.readouterr().err
    assert FOUNDED + 1 == rows(home, "SELECT size FROM log_state")[0][0]
    assert 0 == _run(home, "import", "kev", old, "--older")
    assert BEFORE == _said(home)[-1]["published_at"]


def test_several_files(home: Home, downloads: Path) -> None:
    """Of several files the digest is that of what `sha256sum` prints of them, in the order of their names."""
    names = ["debian.json", "ubuntu.json"]
    (downloads / "ubuntu.json").write_text(json.dumps([vendors.cycle("24.04", eol="2029-05-31")]))
    assert 0 == _run(
        home, "import", "eol", *[downloads / each for each in reversed(names)], "--published", "2026-11-20"
    )
    summed = subprocess.run(["sha256sum", *names], cwd=downloads, capture_output=True, check=True).stdout
    assert hashlib.sha256(summed).hexdigest() == _said(home)[-1]["source_sha256"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kev", "none.json"], "No such file"),
        (["kev", "."], "this is no file"),
        (["kev", "pipe"], "this is no file"),
        (["kev", "full.json"], "not CISA's KEV"),
        (["osv", "kev.json"], "this is CISA's KEV catalogue, not OSV"),
        (["eol", "all.zip"], "this is a zip archive"),
        (["kev", "kev.json", "full.json"], "is one file"),
        (["eol", "full.json", "full.json"], "the same name"),
        (["kev", "kev.json", "--whole"], "--whole is for osv"),
        (["osv", "all.zip", "--product", "debian"], "--product is for eol"),
        (["eol", "debian.json"], "--published"),
        (["osv", "all.zip", "--ecosystem", "Debian:99"], "not about Debian:99 as a whole"),
    ],
)
def test_refused(home: Home, downloads: Path, arguments: list[str], words: str, capsys: Capture) -> None:
    """What is no such feed is one line on stderr and code 2, and changes nothing."""
    os.mkfifo(downloads / "pipe")
    name, *others = arguments
    files = [
        each if each.startswith("-") or ":" in each or each == "debian" else downloads / each
        for each in others
    ]
    assert 2 == _run(home, "import", name, *files)
    told = capsys.readouterr()
    assert words in told.err
    assert (1, "") == (told.err.count("\n"), told.out)
    assert FOUNDED == rows(home, "SELECT size FROM log_state")[0][0]


def test_beside_a_server(today: Home, downloads: Path) -> None:
    """An import works while the server runs, and the log stays one."""
    with running(today) as server:
        twin = server.enrol("one")
        assert 200 == twin.ship(server).status
        assert 0 == _run(today, "import", "kev", downloads / "kev.json")
        assert 200 == twin.ship(server).status
    assert FOUNDED + 4 == intact(today).statements


def test_help() -> None:
    """The help says where the files are to be had, with examples and exit codes."""
    line = [sys.executable, "-m", "server", "feed", "import", "--help"]
    told = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60).stdout
    assert all(each in told for each in ("examples:", "exit codes:", "all.zip", "products/full"))


def test_progress(capsys: Capture) -> None:
    """Nobody is told anything within two seconds; then how far it is, once a second."""
    now = iter([0.0, 1.9, 2.5, 2.5, 3.0, 3.6, 3.6])
    told = Progress(lambda: next(now))
    for done in (10, 20, 1030, 4000):
        told(done, 50_000 if done < 4000 else 0)
    told.end()
    assert ["20 of 50,000 advisories", "4,000 advisories"] == capsys.readouterr().err.splitlines()


def _reduced(published_at: str) -> Reduced:
    own = shipped.feeds().kev
    assert own is not None
    data = shipped.feed_files()["kev.json"].replace(own.published_at.encode(), published_at.encode())
    return Reduced("kev", "x", published_at, data, "")


def test_shipped(home: Home) -> None:
    """The package's baseline is adopted where the log has none, or an older one, and never over a newer one."""
    connection = database.connect(home.database)
    hand, settings = ledger.hand(home), home.settings()
    assert [] == adoption.pending(connection, settings)
    with ledger.entering(connection, hand, NOW) as entries:
        adopted.adopt(entries, _reduced("2000-01-01T00:00:00Z"), "0" * 64, may_be_older=True)
    own = shipped.feeds().kev
    assert own is not None
    assert [f"feed kev of {own.published_at[:10]}"] == adoption.pending(connection, settings)
    with ledger.entering(connection, hand, NOW + timedelta(seconds=1)) as entries:
        adoption.adopt(entries, settings)
    assert own.digest == adopted.newest(connection)["kev"].sha256
    with ledger.entering(connection, hand, NOW) as entries:
        adopted.adopt(entries, _reduced("2026-11-01T00:00:00Z"), "0" * 64)
    assert [] == adoption.pending(connection, settings)
    connection.close()


def test_rules(home: Home) -> None:
    """Rules hold the feeds in force, and those of the log as it was; each set is read once a process."""
    connection = database.connect(home.database)
    before = adoption.rules(connection).feeds
    assert before is adoption.rules(connection, FOUNDED).feeds
    with ledger.entering(connection, ledger.hand(home), NOW) as entries:
        assert adopted.adopt(entries, _reduced("2026-11-01T00:00:00Z"), "0" * 64) is not None
    after = adoption.rules(connection).feeds
    assert after.kev is not None
    assert "2026-11-01T00:00:00Z" == after.kev.published_at
    assert str(before) == str(adoption.rules(connection, FOUNDED).feeds)
    assert adoption.rules(connection, 3).feeds.kev is None
    connection.close()


def test_listing(home: Home) -> None:
    """A feed's state is that of the check which asks for its age first."""
    connection = database.connect(home.database)
    states = [(each.name, each.state) for each in listing.listed(connection, NOW)]
    assert [("kev", "too_old"), ("osv", "none")] == states[:2]
    limit = listing.max_age_days(adoption.rules(connection), "kev")
    assert limit is not None
    published = NOW - timedelta(days=limit)
    with ledger.entering(connection, ledger.hand(home), NOW) as entries:
        adopted.adopt(entries, _reduced(published.strftime("%Y-%m-%dT%H:%M:%SZ")), "0" * 64)
    for late, state in ((timedelta(), "fresh"), (timedelta(seconds=1), "too_old")):
        assert state == listing.listed(connection, NOW + late)[0].state
    connection.close()


def test_baseline(downloads: Path, tmp_path: Path, capsys: Capture) -> None:
    """The shipped baseline is made by the same reducers, both feeds or none."""
    out = tmp_path / "out"
    out.mkdir()
    assert 2 == baseline.main([str(out), str(downloads / "kev.json"), str(downloads / "all.zip")])
    assert "a zip archive" in capsys.readouterr().err
    assert [] == list(out.iterdir())
    assert 0 == baseline.main([str(out), str(downloads / "kev.json"), str(downloads / "full.json")])
    assert {"kev.json", "eol.json"} == {path.name for path in out.iterdir()}
    for path in out.iterdir():
        assert path.stem == feed.read(path.stem, path.read_bytes()).name
