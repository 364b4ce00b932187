"""The root door: a folder that holds a root filesystem (an image, a chroot, a test's overlay).

Nothing found inside is ever run, and no path leaves the folder: every component is looked up by itself
without following links, links are resolved by us as if the folder were "/", and ".." stops there. So
neither a hostile link nor one swapped in while we look can lead out.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, TypeVar

from collectors import door
from collectors.door import Command, Mount, Process, Socket, Stat, Unseen
from collectors.doors import outcomes
from collectors.doors.local import bounded_names, read_regular

_T = TypeVar("_T")
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_STEPS_MAX: Final = 4096


class Root(door.Host):
    """A folder seen as "/". Raises NotADirectoryError or FileNotFoundError when `folder` is none."""

    offline = True
    platform = "linux"
    _folder = -1

    def __init__(
        self,
        folder: str | os.PathLike[str],
        now: datetime | None = None,
        budget_seconds: float = door.BUDGET_SECONDS,
    ) -> None:
        self.now = now or datetime.now(UTC)
        self.cache = {}
        self.processes_started = 0
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._deadline = time.monotonic() + budget_seconds

    def close(self) -> None:
        """Let go of the folder."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    __del__ = close

    def read(self, path: str, limit: int = door.READ_MAX_BYTES) -> bytes:
        """The bytes of a regular file."""
        return self._at(path, True, lambda handle: read_regular(handle, path, limit))

    def beginning(self, path: str, size: int) -> bytes:
        """The first bytes of a regular file."""
        return self._at(path, True, lambda handle: read_regular(handle, path, size, whole=False))

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a folder."""
        return self._at(path, True, lambda handle: _names(handle, path))

    def stat(self, path: str, follow: bool = True) -> Stat:
        """What a path is."""
        return self._at(path, follow, lambda handle: outcomes.to_stat(os.fstat(handle)))

    def readlink(self, path: str) -> str:
        """Where a link points, as it stands in the folder."""
        return self._at(path, False, lambda handle: _target(handle, path))

    def run(self, argv: Sequence[str], ok: Sequence[int] = (0,), timeout: float | None = None) -> Command:
        """Never: nothing found in the folder is run."""
        raise Unseen("offline_root", " ".join(argv))

    def processes(self) -> tuple[Process, ...]:
        """Nothing runs in a folder."""
        raise Unseen("offline_root", "processes")

    def sockets(self) -> tuple[Socket, ...]:
        """Nothing listens in a folder."""
        raise Unseen("offline_root", "sockets")

    def mounts(self) -> tuple[Mount, ...]:
        """Nothing is mounted in a folder."""
        raise Unseen("offline_root", "mounts")

    def _at(self, path: str, follow: bool, look: Callable[[int], _T]) -> _T:
        if time.monotonic() >= self._deadline:
            raise Unseen("budget_spent", path)
        with outcomes.Told(path), _walk(self._folder, path, follow) as handle:
            return look(handle)


@contextmanager
def _walk(folder: int, path: str, follow: bool) -> Iterator[int]:
    """An O_PATH handle of `path` inside `folder`."""
    trail = [os.dup(folder)]
    parts = path.split("/")[::-1]
    links = steps = 0
    try:
        while parts:
            part, steps = parts.pop(), steps + 1
            if steps > _STEPS_MAX:
                raise Unseen("malformed", path, "too many components")
            if part == "..":
                if len(trail) > 1:
                    os.close(trail.pop())
                continue
            if part in ("", "."):
                continue
            handle = os.open(part, _LOOK, dir_fd=trail[-1])
            trail.append(handle)
            if stat.S_ISLNK(os.fstat(handle).st_mode) and (follow or any(parts)):
                links += 1
                if links > door.LINKS_MAX:
                    raise Unseen("malformed", path, "too many links")
                target = os.readlink("", dir_fd=handle)
                os.close(trail.pop())
                if target.startswith("/"):
                    while len(trail) > 1:
                        os.close(trail.pop())
                parts.extend(target.split("/")[::-1])
        yield trail[-1]
    finally:
        for handle in trail:
            os.close(handle)


def _target(handle: int, source: str) -> str:
    if not stat.S_ISLNK(os.fstat(handle).st_mode):
        raise Unseen("malformed", source, "not a link")
    return os.readlink("", dir_fd=handle)


def _names(handle: int, source: str) -> tuple[str, ...]:
    """The names in the folder behind an O_PATH handle."""
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
    try:
        return bounded_names(folder, source)
    finally:
        os.close(folder)
