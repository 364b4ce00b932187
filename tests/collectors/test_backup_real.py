"""The backup collector held to real borg and restic: only a backup that was made is a success."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.doors.root import Root
from tests.collectors.cases import run

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC).timestamp()


class _Machine:
    """A root with data and a home, in which the tools keep what they remember."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "srv/data"
        self.data.mkdir(parents=True)
        for name in ("file", "newer"):  # borg's cache leaves out the newest
            (self.data / name).write_text("content")
        (root / "root").mkdir()
        (root / "usr/bin").mkdir(parents=True)

    def has(self, tool: str) -> None:
        """Install a tool, as far as its name."""
        (self.root / f"usr/bin/{tool}").touch()

    def run(self, *argv: str) -> int:
        """Run a tool as this machine's root; its exit code."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "root"),
            "BORG_PASSPHRASE": "x",
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
            "BORG_CHECK_I_KNOW_WHAT_I_AM_DOING": "YES",
            "RESTIC_PASSWORD": "x",
        }
        return subprocess.run(argv, env=environment, capture_output=True, check=False).returncode

    def jobs(self) -> Any:
        """What the collector sees of it."""
        return run("backup", Root(self.root, NOW)).facts["backup.jobs"]


@pytest.mark.real("borg")
@pytest.mark.parametrize(
    ("mode", "encrypted"),
    [("repokey-blake2", True), ("keyfile", True), ("authenticated", False), ("none", False)],
)
def test_borg_encryption(tmp_path: Path, mode: str, encrypted: bool) -> None:
    """A repository that was only made is no success; whether it is encrypted is told for every mode."""
    machine = _Machine(tmp_path)
    machine.has("borg")
    assert machine.run("borg", "init", "-e", mode, str(tmp_path / "srv/x.borg")) == 0
    [job] = machine.jobs()
    assert (job["last_success_at"], job["encrypted"]) == (None, encrypted)


@pytest.mark.real("borg")
def test_borg_success(tmp_path: Path) -> None:
    """A new archive is a success; a failed one, and whatever else is done to a repository, is not."""
    machine = _Machine(tmp_path)
    machine.has("borg")
    repository, data = str(tmp_path / "srv/x.borg"), str(machine.data)
    machine.run("borg", "init", "-e", "repokey", repository)
    assert machine.run("borg", "create", f"{repository}::one", data) == 0
    assert machine.jobs()[0]["last_success_at"] > "2021"
    [cache] = (tmp_path / "root/.cache/borg").glob("*/files")
    os.utime(cache, (LONG_AGO, LONG_AGO))
    for rest in (
        ["create", "--dry-run", f"{repository}::two", data],
        ["create", f"{repository}::one", data],  # the name is taken
        ["create", f"{repository}.gone::two", data],
        ["list", repository],
        ["check", repository],
        ["rename", f"{repository}::one", "three"],
        ["recreate", "--recompress=always", "-C", "lzma", f"{repository}::three"],
        ["prune", "--keep-last", "1", repository],
        ["compact", repository],
        ["delete", f"{repository}::three"],
    ):
        machine.run("borg", *rest)
        assert machine.jobs()[0]["last_success_at"] == "2020-01-01T00:00:00Z", rest
    assert machine.run("borg", "create", f"{repository}::four", data) == 0
    assert machine.jobs()[0]["last_success_at"] > "2021"


@pytest.mark.real("borg")
def test_borg_archives_of_nothing(tmp_path: Path) -> None:
    """Borg archives what it finds, be it nothing, and only warns: that is no success, with files it is one."""
    machine = _Machine(tmp_path)
    machine.has("borg")
    repository, data = str(tmp_path / "srv/x.borg"), str(machine.data)
    machine.run("borg", "init", "-e", "none", repository)
    sources = {"gone": [f"{data}.gone"], "empty": [data, "--exclude", f"{data}/*", "--exclude", data]}
    for number, (name, words) in enumerate(
        [*sources.items(), ("full", [data]), *sources.items(), ("", [data])]
    ):
        code = machine.run("borg", "create", f"{repository}::{number}", *words)
        assert code == (1 if name == "gone" else 0)
        assert bool(machine.jobs()[0]["last_success_at"]) == (name not in sources), (number, name)
    code = machine.run("borg", "create", f"{repository}::some", data, f"{data}.gone")
    assert (code, bool(machine.jobs()[0]["last_success_at"])) == (1, True)


@pytest.mark.real("restic")
def test_restic_proves_nothing(tmp_path: Path) -> None:
    """What restic leaves behind changes without a backup too, so no success is told, by a declared folder neither."""
    machine = _Machine(tmp_path)
    machine.has("restic")
    repository = tmp_path / "srv/repo"
    restic = ("restic", "-r", str(repository))
    assert machine.run(*restic, "init") == 0
    for _ in range(2):
        assert machine.run(*restic, "backup", str(machine.data)) == 0
    declared = tmp_path / "etc/boltseal/backup.d/restic.toml"
    declared.parent.mkdir(parents=True)
    declared.write_text('tool = "restic"\nsuccess_file = "/srv/repo/snapshots"\n')
    cached = tmp_path / "root/.cache/restic"
    for folder in (repository / "snapshots", *cached.glob("*/snapshots")):
        os.utime(folder, (LONG_AGO, LONG_AGO))
    assert machine.run(*restic, "forget", "--keep-last", "1") == 0
    assert (repository / "snapshots").stat().st_mtime > LONG_AGO
    assert [job["last_success_at"] for job in machine.jobs()] == [None]
