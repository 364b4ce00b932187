"""What of Windows' side of the agent needs no Windows; the rest is tests/windows."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from agent import exits, windows, windows_service
from agent.windows import ADMINISTRATORS, EVERYBODY, SYSTEM, strangers
from config.errors import InputError

OWN, USERS, OTHER = "S-1-5-21-1-2-3-1001", "S-1-5-32-545", "S-1-5-21-1-2-3-1002"
ALLOW, DENY, ALLOW_CALLBACK, AUDIT = 0, 1, 9, 2


@pytest.mark.parametrize(
    ("owner", "entries", "found"),
    [
        (ADMINISTRATORS, [(ALLOW, SYSTEM), (ALLOW, ADMINISTRATORS)], ()),
        (SYSTEM, [], ()),
        (OWN, [(ALLOW, SYSTEM), (ALLOW, OWN)], ()),
        (ADMINISTRATORS, [(ALLOW, SYSTEM), (DENY, EVERYBODY)], ()),
        (ADMINISTRATORS, [(ALLOW, SYSTEM), (ALLOW, USERS), (ALLOW, USERS)], (USERS,)),
        # Whoever made the folder before us may let in whom he likes, whatever stands in its list now.
        (OTHER, [(ALLOW, SYSTEM), (ALLOW, ADMINISTRATORS)], (OTHER,)),
        (ADMINISTRATORS, [(ALLOW_CALLBACK, EVERYBODY)], (EVERYBODY,)),
        (ADMINISTRATORS, [(DENY, USERS), (ALLOW, EVERYBODY)], (EVERYBODY,)),
        (ADMINISTRATORS, None, (EVERYBODY,)),
    ],
)
def test_strangers(owner: str, entries: list[tuple[int, str]] | None, found: tuple[str, ...]) -> None:
    """Everybody whom an entry does not deny, and a strange owner; no list lets everybody in, an empty one nobody."""
    assert found == strangers(owner, entries, OWN)


class BusyError(OSError):
    """Windows' error for a file that somebody has open."""

    winerror = 32


def test_patiently() -> None:
    """Tried again while somebody has the file open; another error is not waited for."""
    tried: list[int] = []

    def act() -> str:
        tried.append(1)
        if len(tried) < 3:
            raise BusyError
        return "done"

    assert "done" == windows.patiently(act, lambda seconds: None)
    assert 3 == len(tried)
    with pytest.raises(IsADirectoryError):
        windows.patiently(lambda: Path("/").read_text(), lambda seconds: pytest.fail("waited"))


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for ever."""
    monkeypatch.setattr(windows, "PATIENCE_SECONDS", 0.0)

    def act() -> None:
        raise BusyError

    with pytest.raises(BusyError):
        windows.patiently(act, lambda seconds: pytest.fail("waited"))


@pytest.mark.parametrize(
    ("executable", "folder", "line"),
    [
        (r"C:\p\python.exe", None, r'"C:\p\python.exe" -I -B -m agent service run'),
        (
            r"C:\Program Files\Boltseal\python.exe",
            r"D:\my state",
            r'"C:\Program Files\Boltseal\python.exe" -I -B -m agent service run --state "D:\my state"',
        ),
    ],
)
def test_image(executable: str, folder: str | None, line: str) -> None:
    """The program's path is quoted always, the folder's where it must be."""
    assert line == windows_service.image(executable, Path(folder) if folder else None)


def test_elsewhere() -> None:
    """Services are Windows' own; elsewhere it is said what to do."""
    with pytest.raises(InputError, match="unsupported_here") as raised:
        windows_service.main(argparse.Namespace(action="install", state=None))
    assert "systemd" in raised.value.hint
    assert exits.USAGE == exits.exit_code(raised.value)


def test_exit_codes() -> None:
    """A refusal of the service manager is a failure, not wrong usage."""
    assert exits.FAILED == exits.exit_code(InputError("service_permission", "not permitted"))
