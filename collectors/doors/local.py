"""The local door: the machine that this process runs on.

Files are opened only after they proved to be regular (a device may act when opened, a FIFO may hang),
commands run in a session of their own with a closed standard input, a fixed PATH and the C locale, and are
killed with all their children when they take too long or say too much.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import ModuleType
from typing import IO, Final, cast

from collectors import door
from collectors.door import Command, Mount, Process, Socket, Stat, Unseen
from collectors.doors import outcomes, running_macos

_ENVIRONMENT: Final = {
    "PATH": door.SYSTEM_PATH,
    "LC_ALL": "C",
    "LANG": "C",
    "TZ": "UTC",
    "HOME": "/",
    "ZYPP_LOGFILE": "/dev/null",
    "ZYPP_READONLY_HACK": "1",  # zypper keeps no log and takes no lock
}
_PATH_ONLY: Final = getattr(os, "O_PATH", None)
"""Linux's way to look at a file without opening it. A Mac has none: there its kind is asked just before."""
_OPEN: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PIPE_BYTES, _GATHER_SECONDS = 64 * 1024, 0.002


class Local(door.Host):
    """The machine itself.

    `budget_seconds` bounds the whole scan; `processes_started` counts commands really run.
    """

    offline = False
    platform = door.this_platform()

    def __init__(self, now: datetime | None = None, budget_seconds: float = door.BUDGET_SECONDS) -> None:
        self.now = now or datetime.now(UTC)
        self.cache = {}
        self.processes_started = 0
        self._deadline = time.monotonic() + budget_seconds
        self._ran = outcomes.Ran(self._start)
        self._processes: tuple[Process, ...] | None = None
        self._sockets: tuple[Socket, ...] | None = None

    def read(self, path: str, limit: int = door.READ_MAX_BYTES) -> bytes:
        """The bytes of a regular file."""
        return self._read(path, limit)

    def _read(self, path: str, limit: int, whole: bool = True) -> bytes:
        with self._looking_at(path):
            if _PATH_ONLY is None and not stat.S_ISREG(os.stat(path).st_mode):
                raise Unseen("malformed", path, "not a regular file")
            # O_PATH opens nothing for real; what it found is what is then opened, whoever swaps the name.
            handle = os.open(path, _OPEN if _PATH_ONLY is None else _PATH_ONLY | os.O_CLOEXEC)
            try:
                return read_regular(handle, path, limit, whole)
            finally:
                os.close(handle)

    def beginning(self, path: str, size: int) -> bytes:
        """The first bytes of a regular file."""
        return self._read(path, size, whole=False)

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a folder."""
        with self._looking_at(path):
            return bounded_names(path, path)

    def stat(self, path: str, follow: bool = True) -> Stat:
        """What a path is."""
        with self._looking_at(path):
            return outcomes.to_stat(os.stat(path, follow_symlinks=follow))

    def readlink(self, path: str) -> str:
        """Where a link points."""
        with self._looking_at(path):
            return os.readlink(path)

    def run(self, argv: Sequence[str], ok: Sequence[int] = (0,), timeout: float | None = None) -> Command:
        """Run a command, once per scan."""
        return self._ran.ask(argv, ok, timeout)

    def processes(self) -> tuple[Process, ...]:
        """Running processes."""
        self._left("/proc")
        if self._processes is None:
            told = running_macos.processes(self) if self.platform == "macos" else _running().processes()
            self._processes = told
        return self._processes

    def sockets(self) -> tuple[Socket, ...]:
        """Listening sockets."""
        self._left("/proc/net")
        if self._sockets is None:
            told = running_macos.sockets(self) if self.platform == "macos" else _running().sockets()
            self._sockets = told
        return self._sockets

    def mounts(self) -> tuple[Mount, ...]:
        """Mounted filesystems."""
        if self.platform == "macos":
            return running_macos.mounts(self)
        seen: tuple[Mount, ...] = _running().mounts(self.text("/proc/self/mountinfo"))
        return seen

    def _looking_at(self, path: str) -> outcomes.Told:
        self._left(path)
        return outcomes.Told(path)

    def _left(self, source: str) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Unseen("budget_spent", source)
        return left

    def _start(self, argv: tuple[str, ...], timeout: float) -> Command:
        source = " ".join(argv)
        left = self._left(source)
        tool = shutil.which(argv[0], path=door.SYSTEM_PATH)
        if tool is None:
            raise Unseen("tool_missing", source)
        self.processes_started += 1
        try:
            process = subprocess.Popen(
                argv,
                executable=tool,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise outcomes.from_oserror(error, source) from None
        late = "timeout" if timeout < left else "budget_spent"
        return _watch(process, argv, time.monotonic() + min(timeout, left), late)


def _running() -> ModuleType:
    """The module that asks psutil, imported only when a live machine is asked."""
    from collectors.doors import running

    return running


def read_regular(handle: int, source: str, limit: int, whole: bool = True) -> bytes:
    """The bytes behind an O_PATH handle, once it proved to be a regular file: all, or the first `limit`."""
    info = os.fstat(handle)
    if not stat.S_ISREG(info.st_mode):
        raise Unseen("malformed", source, "not a regular file")
    if whole and info.st_size > limit:
        raise Unseen("too_large", source, f"{info.st_size} bytes")
    opened = os.dup(handle) if _PATH_ONLY is None else os.open(f"/proc/self/fd/{handle}", _OPEN)
    try:
        parts, left = [], limit + whole
        while part := os.read(opened, min(left, 1 << 20)):  # files of /proc and /sys say size 0
            parts.append(part)
            left -= len(part)
        if whole and not left:
            raise Unseen("too_large", source, f"more than {limit} bytes")
    finally:
        os.close(opened)
    return b"".join(parts)


def bounded_names(folder: int | str, source: str) -> tuple[str, ...]:
    """The names in a folder, sorted by their bytes; `too_large` beyond LIST_MAX_NAMES."""
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) > door.LIST_MAX_NAMES:
                raise Unseen("too_large", source, f"more than {door.LIST_MAX_NAMES} names")
    return tuple(sorted(names, key=os.fsencode))


def _watch(process: subprocess.Popen[bytes], argv: tuple[str, ...], deadline: float, late: str) -> Command:
    """Read both outputs up to the cap and the deadline, then end the whole process group."""
    source = " ".join(argv)
    out, err = bytearray(), bytearray()
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(cast("IO[bytes]", process.stdout), selectors.EVENT_READ, out)
            selector.register(cast("IO[bytes]", process.stderr), selectors.EVENT_READ, err)
            while selector.get_map() and not _children_alone(process, selector):
                if time.monotonic() >= deadline:
                    raise Unseen(late, source)
                _drain(selector, min(deadline - time.monotonic(), 0.1))
                if len(out) + len(err) > door.OUTPUT_MAX_BYTES:
                    raise Unseen("too_large", source, f"more than {door.OUTPUT_MAX_BYTES} bytes of output")
        while not _ended(process):
            if time.monotonic() >= deadline:
                raise Unseen(late, source)
            time.sleep(0.001)
    finally:
        # The leader is not reaped yet, so its number still names this group and no other.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    return Command(argv, process.returncode, bytes(out), bytes(err))


def _drain(selector: selectors.BaseSelector, wait: float) -> bool:
    """Read what is there, and let more gather after a little: many tools write each line by itself."""
    ready = selector.select(max(wait, 0))
    little = False
    for key, _ in ready:
        data = os.read(key.fd, _PIPE_BYTES)
        if data:
            key.data.extend(data)
            little |= len(data) < _PIPE_BYTES
        else:
            selector.unregister(key.fileobj)
    if little:
        time.sleep(max(0.0, min(wait, _GATHER_SECONDS)))
    return bool(ready)


def _children_alone(process: subprocess.Popen[bytes], selector: selectors.BaseSelector) -> bool:
    """Whether the command ended while a child of it holds a silent pipe: nobody waits for that."""
    return _ended(process) and not _drain(selector, 0)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    if not hasattr(os, "waitid"):  # a Mac's Python before 3.13; its group stays named while a child runs
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # whoever started us ignores SIGCHLD: the kernel reaped it already
        return True
