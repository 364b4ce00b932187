"""Writing whole, synced, or not at all."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent import durable
from config.errors import InputError
from tests.agent.disks import fill, read_only, small_disk


def test_write(tmp_path: Path) -> None:
    """What is read is what was written, for its owner alone, and nothing is left beside it."""
    path = tmp_path / "file"
    durable.write(path, b"old")
    durable.write(path, b"new" * 100_000)
    assert b"new" * 100_000 == durable.read(path, 1 << 20)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert ["file"] == os.listdir(tmp_path)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is synced, renamed and removed, in this order, all of it done for real."""
    seen: list[tuple[str, str]] = []
    fsync, replace, unlink = os.fsync, os.replace, Path.unlink

    def spied_fsync(handle: int) -> None:
        seen.append(("sync", Path(os.readlink(f"/proc/self/fd/{handle}")).name))
        fsync(handle)

    def spied_replace(path: Path, to: Path) -> None:
        seen.append(("rename", to.name))
        replace(path, to)

    def spied_unlink(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            seen.append(("remove", path.name))
        unlink(path, missing_ok)

    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(os, "replace", spied_replace)
    monkeypatch.setattr(Path, "unlink", spied_unlink)
    return seen


def test_synced(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    """The bytes are synced before the rename, and the folder after it: power may go at any moment."""
    (tmp_path / "to").mkdir()
    durable.write(tmp_path / "file", b"data")
    written = f"file.{os.getpid()}.writing"
    assert [("sync", written), ("rename", "file"), ("sync", tmp_path.name)] == calls
    calls.clear()
    durable.move(tmp_path / "file", tmp_path / "to" / "file")
    assert [("rename", "file"), ("sync", "to"), ("sync", tmp_path.name)] == calls
    calls.clear()
    durable.remove(tmp_path / "to" / "file")
    assert [("remove", "file"), ("sync", "to")] == calls


def test_write_killed(tmp_path: Path) -> None:
    """Killed at any moment, a writer leaves the old bytes or the new ones, never a part."""
    path = tmp_path / "file"
    durable.write(path, b"a" * 300_000)
    code = (
        "import sys; from pathlib import Path; from agent import durable; print('ready', flush=True)\n"
        "while True:\n  for c in b'ab': durable.write(Path(sys.argv[1]), bytes([c]) * 300_000)"
    )
    for delay in (0.0, 0.01, 0.02, 0.03):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
        data = durable.read(path, 1 << 20)
        assert data in (b"a" * 300_000, b"b" * 300_000)
    durable.sweep(tmp_path)
    assert ["file"] == os.listdir(tmp_path)


@pytest.mark.real("mount", "umount", root=True)
def test_disk_full(tmp_path: Path) -> None:
    """A full disk is one error with a code; the old bytes are untouched and no half file stays."""
    with small_disk(tmp_path / "disk", 256) as disk:
        durable.write(disk / "file", b"old")
        fill(disk)
        with pytest.raises(InputError, match="disk_full"):
            durable.write(disk / "file", b"new" * 50_000)
        assert b"old" == durable.read(disk / "file", 100)
        assert {"file", "filler"} == set(os.listdir(disk))


@pytest.mark.real("mount", "umount", root=True)
def test_read_only(tmp_path: Path) -> None:
    """A read-only disk is named as such."""
    folder = tmp_path / "state"
    folder.mkdir()
    durable.write(folder / "file", b"old")
    with read_only(folder):
        with pytest.raises(InputError, match="state_read_only"):
            durable.write(folder / "file", b"new")
        with pytest.raises(InputError, match="state_read_only"):
            durable.remove(folder / "file")
        with pytest.raises(InputError, match="state_read_only"):
            durable.make_folder(folder / "more")
        assert b"old" == durable.read(folder / "file", 100)


def test_read(tmp_path: Path) -> None:
    """Nothing there is None; links, folders, pipes and what is too large are refused, and nothing hangs."""
    assert None is durable.read(tmp_path / "none", 10)
    (tmp_path / "file").write_bytes(b"x" * 11)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "link", "folder", "pipe"):
        with pytest.raises(InputError, match="state_unreadable"):
            durable.read(tmp_path / name, 10)


def test_move_and_remove(tmp_path: Path) -> None:
    """Removing what is gone is no error; moving it is."""
    durable.write(tmp_path / "a", b"1")
    durable.move(tmp_path / "a", tmp_path / "b")
    durable.remove(tmp_path / "b")
    durable.remove(tmp_path / "b")
    assert [] == os.listdir(tmp_path)
    with pytest.raises(InputError, match="state_unreadable"):
        durable.move(tmp_path / "a", tmp_path / "b")
