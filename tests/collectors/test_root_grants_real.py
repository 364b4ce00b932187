"""Who may use a socket or write to a file of root's, held to what the kernel lets a process do."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.doors.outcomes import to_stat
from collectors.readers import root_grants

pytestmark = [pytest.mark.real("true", root=True)]

USER, GROUP, OTHER = 64201, 64202, 64203
MODES = st.integers(0, 0o777)
OWNERS = st.sampled_from([(0, 0), (0, GROUP), (USER, 0), (USER, GROUP), (0, OTHER), (OTHER, OTHER)])


def allowed(act: Callable[[], None], groups: list[int]) -> bool:
    """Whether the user, a member of these groups, may do it: tried by a child."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover - another process
        code = 1
        try:
            os.setgroups(groups)
            os.setgid(USER)
            os.setuid(USER)
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those of pytest."""
    with TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(mode=MODES, owner=OWNERS, member=st.booleans(), connects=st.booleans())
def test_writers(folder: Path, mode: int, owner: tuple[int, int], member: bool, connects: bool) -> None:
    """Nobody gets through whom no item names; and who is named gets through, unless a nearer class says no."""
    path = folder / "one"
    path.unlink(missing_ok=True)
    groups = [GROUP] if member else []
    with socket.socket(socket.AF_UNIX) as server:
        if connects:
            server.bind(str(path))
            server.listen()
        else:
            path.write_text("")
        os.chown(path, *owner)
        os.chmod(path, mode)
        real = allowed(lambda: use(path, connects), groups)
    items = root_grants.writers(to_stat(path.stat()))
    mine = {f"#{USER}", *(f"%#{group}" for group in groups)}
    named = root_grants.EVERYBODY in items or not mine.isdisjoint(items)
    assert named or not real
    if owner[0] != USER and not (owner[1] in groups and root_grants.EVERYBODY in items):
        assert named == real


def use(path: Path, connects: bool) -> None:
    if connects:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    else:
        os.close(os.open(path, os.O_WRONLY))
