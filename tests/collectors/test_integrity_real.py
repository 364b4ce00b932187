"""The integrity collector held to a real AIDE and its configurations."""

import gzip
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.doors.root import Root
from collectors.findings import Findings
from collectors.readers import aide
from tests.collectors.cases import run

pytestmark = pytest.mark.real("aide")

CONFIGURATION = """
@@define DBDIR {folder}/var/lib/own
database_in=file:@@{{DBDIR}}/aide.db
database_out=file:@@{{DBDIR}}/aide.db.new
R1 = p+sha256
"""


def _aide(root: Path, text: str, *words: str) -> int:
    """Write a configuration and run AIDE with it; its exit code."""
    settings = root / "etc/aide/aide.conf"
    settings.write_text(text)
    return subprocess.run(["aide", "-c", settings, *words], capture_output=True, check=False).returncode


def _seen(root: Path) -> Findings:
    """What the collector sees, with the paths as they are inside of the root."""
    settings = root / "etc/aide/aide.conf"
    settings.write_text(settings.read_text().replace(str(root), ""))
    return run("integrity", Root(root, datetime(2026, 11, 24, tzinfo=UTC)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with AIDE and something to watch."""
    for folder in ("usr/bin", "etc/aide", "var/lib/own", "data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/bin/aide").touch()
    (tmp_path / "data/file").write_text("content")
    return tmp_path


@pytest.mark.parametrize("packed", ["yes", "no"])
def test_database(root: Path, packed: str) -> None:
    """A database counts from when AIDE itself would compare with it: made, and put in its place."""
    text = CONFIGURATION.format(folder=root) + f"gzip_dbout={packed}\n{root}/data R1\n"
    database = root / "var/lib/own/aide.db"
    assert _aide(root, text, "--init") == 0
    assert _aide(root, text, "--check") == 18  # it cannot open its database
    assert _seen(root).missing["integrity.database_at"] == "not_found"
    database.with_name("aide.db.new").rename(database)
    assert _aide(root, text, "--check") == 0
    assert _seen(root).facts["integrity.database_at"]


@pytest.mark.parametrize("packed", ["yes", "no"])
def test_broken_database(root: Path, packed: str, record_property: pytest.FixtureRequest) -> None:
    """What AIDE itself cannot compare with is no database, whatever its beginning was put in place of."""
    text = CONFIGURATION.format(folder=root) + f"gzip_dbout={packed}\n{root}/data R1\n"
    database = root / "var/lib/own/aide.db"
    assert _aide(root, text, "--init") == 0
    made = database.with_name("aide.db.new").read_bytes()
    broken = [b"", b"\0", b"x" + made, made[1:], b"\x1f\x8b", b"\x1f\x8b" + b"x" * 99, gzip.compress(b"x\n")]
    for data in broken:
        database.write_bytes(data)
        assert _aide(root, text, "--check") != 0, data[:20]
        assert _seen(root).missing["integrity.database_at"] == "not_found", data[:20]
    record_property("compared", len(broken))  # type: ignore[operator]


def test_nothing_watched(root: Path) -> None:
    """AIDE is content to watch nothing; then it is no tool."""
    assert _aide(root, CONFIGURATION.format(folder=root), "--init") == 0
    assert _seen(root).facts["integrity.tools"] == []


@pytest.mark.parametrize(
    "text",
    [
        "database_in=file:/a/b.db",
        "  database_in = file:/a/b-c.db  ",
        "@@define D /x\n@@define E @@{D}/y\ndatabase_in=file:@@{E}/b.db",
        "# database_in=file:/no\ndatabase_in=file:/yes",
        "@@define D /x/\ndatabase_in=file:@@{D}b.db.gz",
    ],
)
def test_path(tmp_path: Path, text: str) -> None:
    """The path of the database is the one that AIDE says it cannot open."""
    settings = tmp_path / "aide.conf"
    settings.write_text(f"{text}\n/nowhere p\n")
    argv: list[Any] = ["aide", "-c", settings, "--check"]
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    [path] = aide.database(settings.read_text())
    assert f"file '{path}'" in told.stdout + told.stderr
