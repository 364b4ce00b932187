"""The state folder: private, held by one, created once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent import durable, state
from config.errors import InputError


def test_create(tmp_path: Path) -> None:
    """Folders that only their owner may enter; a second time changes nothing."""
    opened = state.create(tmp_path / "a" / "state")
    assert opened == state.create(tmp_path / "a" / "state")
    for path in (opened.folder, *(opened.path(name) for name in state.FOLDERS)):
        assert 0o700 == stat.S_IMODE(path.stat().st_mode)


def test_missing(tmp_path: Path) -> None:
    """No folder: what to do is said."""
    with pytest.raises(InputError, match="state_missing") as raised:
        state.open_state(tmp_path / "none")
    assert "boltseal enroll" in raised.value.hint


def test_exposed(tmp_path: Path) -> None:
    """A folder that others may enter is not used."""
    folder = state.create(tmp_path / "state").folder
    folder.chmod(0o750)
    with pytest.raises(InputError, match="state_exposed"):
        state.open_state(folder)


def test_locked(tmp_path: Path) -> None:
    """A second agent on one folder ends with a clear error; after the first it may work."""
    opened = state.create(tmp_path / "state")
    code = (
        "import sys; from pathlib import Path; from agent import state\n"
        "with state.locked(state.State(Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", code, str(opened.folder)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(InputError, match="state_locked"), state.locked(opened):
            pass
        other.kill()
    with state.locked(opened):
        pass


def test_swept(tmp_path: Path) -> None:
    """What a crash left half-written is removed by whoever works next."""
    opened = state.create(tmp_path / "state")
    left = opened.path("spool") / f"x.json.1{durable.TEMPORARY}"
    left.write_bytes(b"half")
    with state.locked(opened):
        assert not left.exists()


def test_secret(tmp_path: Path) -> None:
    """Made once, kept, and refused when it is damaged."""
    opened = state.create(tmp_path / "state")
    first = state.secret(opened, lambda count: b"s" * count)
    assert b"s" * 32 == first == state.secret(opened, os.urandom)
    opened.path("secret").write_bytes(b"short")
    with pytest.raises(InputError, match="state_file_damaged"):
        state.secret(opened)


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"a":1,"a":2}'])
def test_damaged_json(tmp_path: Path, data: bytes) -> None:
    """A file that is not ours is named."""
    opened = state.create(tmp_path / "state")
    opened.path("identity.json").write_bytes(data)
    with pytest.raises(InputError, match=r"state_file_damaged.*identity\.json"):
        state.read_json(opened, "identity.json")


def test_default_folder() -> None:
    """--state, then $BOLTSEAL_STATE, then the system's place."""
    assert Path("/x") == state.folder_of("/x", {"BOLTSEAL_STATE": "/y"})
    assert Path("/y") == state.folder_of(None, {"BOLTSEAL_STATE": "/y"})
    assert Path("/var/lib/boltseal") == state.folder_of(None, {})
