"""The agent's promises on the real machine: where it writes, which ports it opens, what an ordinary user gets."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import exits
from config import section
from tests.ends.conftest import RealServer, boltseal

# Everything the command writes lands in an overlay above the machine's own root, where it can be counted.
_OVERLAY = """
set -e
mount --make-rprivate /
mount -t tmpfs overlay "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
for name in proc sys dev; do mount --rbind "/$name" "$1/root/$name"; done
mount --bind "$2" "$1/root$2"
folder="$1"; shift 2
code=0
chroot "$folder/root" "$@" > /dev/null || code=$?
cd "$folder/up"
find . -not -type d
exit "$code"
"""


def written_elsewhere(folder: Path, state: Path, *argv: str) -> tuple[int, list[str]]:
    """Exit code of a command, and the files it wrote outside its state folder."""
    folder.mkdir()
    line = ["unshare", "-m", "sh", "-c", _OVERLAY, "sh", str(folder), str(state), *argv]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    assert "mount" not in done.stderr, done.stderr
    return done.returncode, done.stdout.split()


@pytest.mark.real("unshare", "mount", "chroot", root=True)
def test_writes_nothing_elsewhere(server: RealServer, tmp_path: Path) -> None:
    """Enrolling, scanning, reporting, doctor and status write nothing outside the state folder, whatever they start."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    agent = [sys.executable, "-I", "-B", "-m", "agent"]
    text = server.enrolment_string()
    for number, argv in enumerate(
        (["enroll", text], ["once"], ["scan"], ["doctor"], ["status"]),
    ):
        folder = tmp_path / f"overlay-{number}"
        code, written = written_elsewhere(folder, state, *agent, *argv, "--state", str(state))
        assert code in (exits.OK, exits.FAILED), argv
        assert [] == written, argv
    assert 2 == len(server.statements())


@pytest.mark.real("unshare", "mount", "chroot", root=True)
def test_writing_elsewhere_is_seen(tmp_path: Path) -> None:
    """The check itself sees a file that is written elsewhere."""
    state = tmp_path / "state"
    state.mkdir()
    script = f"echo > /x; echo > {state}/y"
    code, written = written_elsewhere(tmp_path / "overlay", state, "sh", "-c", script)
    assert (0, ["./x"]) == (code, written)
    assert (state / "y").exists()


# The interpreter may lie where an ordinary user cannot go: everything is imported first, then root is given up.
_AS_USER = """
import importlib, os, pkgutil, sys
import agent, collectors, config, requests, urllib3, apscheduler
import encodings.ascii, encodings.idna, encodings.latin_1
for package in (agent, collectors, config):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
from agent.__main__ import entry
collectors.discover()
user = int(sys.argv[1])
os.setgroups([]); os.setgid(user); os.setuid(user)
sys.exit(entry(sys.argv[2:]))
"""
_NOBODY = 65534


@pytest.fixture
def users_folder() -> Iterator[Path]:
    """A folder of an ordinary user's own."""
    folder = Path(tempfile.mkdtemp(prefix="boltseal-test-"))
    shutil.chown(folder, _NOBODY, _NOBODY)
    yield folder
    shutil.rmtree(folder)


def as_user(*argv: str) -> subprocess.CompletedProcess[str]:
    """The command as an ordinary user."""
    line = [sys.executable, "-c", _AS_USER, str(_NOBODY), *argv]
    return subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.real("id", root=True)
def test_ordinary_user(server: RealServer, users_folder: Path) -> None:
    """An ordinary user enrols, scans and reports; what may not be read is unknown with its reason, never a pass."""
    folder = str(users_folder / "state")
    done = as_user("enroll", server.enrolment_string(), "--state", folder)
    assert exits.OK == done.returncode, done.stderr
    (report,) = server.statements()
    assert "user" == report.predicate["privileges"]
    scanned = json.loads(as_user("scan", "--state", folder, "--json").stdout)
    assert {
        "reason": "permission_denied",
        "sources": scanned["facts"]["accounts.empty_password"]["sources"],
    } == (scanned["facts"]["accounts.empty_password"])
    answers = {verdict["check"]: verdict for verdict in scanned["verdicts"]}
    denied = [each for each in answers.values() if each["reason"] == "permission_denied"]
    assert denied
    assert {"unknown"} == {each["answer"] for each in denied}
    for path in (users_folder / "state").rglob("*"):
        assert _NOBODY == path.stat().st_uid


@pytest.mark.real("id", root=True)
def test_no_secret_leaves(server: RealServer, tmp_path: Path) -> None:
    """No password hash of this machine is in any section that was sent."""
    hashes = [line.split(":")[1] for line in Path("/etc/shadow").read_text().splitlines()]
    secrets = [each for each in hashes if len(each) > 13]
    folder = tmp_path / "state"
    assert exits.OK == boltseal("enroll", server.enrolment_string(), "--state", str(folder)).returncode
    kept = [path.read_bytes() for path in (folder / "sections").glob("*.json")]
    assert len(kept) > 15
    assert all(section.decode(data).outcome in section.OUTCOMES for data in kept)
    key = (folder / "key.pem").read_text().splitlines()[1]
    for secret in [*secrets, key]:
        assert all(secret.encode() not in data for data in kept)
