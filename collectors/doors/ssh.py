"""The SSH door: a Linux or macOS host without an agent, over one connection.

Files come through SFTP, commands through exec channels. Nothing is installed or written there. With `sudo`
files are read by an SFTP server that runs as root and refuses to write, and the commands of the rule set
(`ssh_sudo`) run as root; everything else runs as the user who logged in.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from collectors import door
from collectors.door import Command, Mount, Process, Socket, Stat, Unseen
from collectors.doors import outcomes, running_macos, ssh_command, ssh_login, ssh_running, ssh_sudo
from collectors.doors.connecting import ConnectError
from collectors.doors.sftp import Sftp
from collectors.doors.ssh_files import Files
from collectors.doors.ssh_login import Credentials

if TYPE_CHECKING:
    import paramiko

__all__ = ("Credentials", "Ssh", "connect")

_ENVIRONMENT: Final = (
    "/usr/bin/env",
    "-i",
    f"PATH={door.SYSTEM_PATH}",
    "LC_ALL=C",
    "LANG=C",
    "TZ=UTC",
    "HOME=/",
    "ZYPP_LOGFILE=/dev/null",
    "ZYPP_READONLY_HACK=1",
)
_HIDING: Final = r" - (fuse\.|autofs .*\bindirect\b)"
_PLATFORMS: Final = {"Linux": "linux", "Darwin": "macos"}


def connect(address: str, credentials: Credentials, budget_seconds: float = door.BUDGET_SECONDS) -> Ssh:
    """Log in to `USER@HOST[:PORT]` and look whether the host can be looked at. Raises `ConnectError`."""
    connections = ssh_login.login(address, credentials)
    try:
        host = Ssh(connections, credentials.sudo, budget_seconds)
        try:
            host.prove()
        except Unseen as unseen:
            message = f"{address}: the host cannot be looked at: {unseen.source}: {unseen.reason}"
            raise ConnectError("ssh_host_unusable", message, ssh_command.plain(unseen.detail)) from None
    except BaseException:
        ssh_login.close(connections)
        raise
    return host


class Ssh(door.Host):
    """One host behind SSH. `budget_seconds` bounds the whole scan."""

    offline = False

    def __init__(
        self,
        connections: Sequence[paramiko.Transport],
        sudo: bool,
        budget_seconds: float = door.BUDGET_SECONDS,
    ) -> None:
        self.platform = ""
        self.now = datetime.now(UTC)
        self.cache = {}
        self._connections, self._sudo, self._machine = connections, sudo, ""
        self._bound: tuple[str, ...] = ()
        self._deadline = time.monotonic() + budget_seconds
        self._files = Files(self._begin, self._left)
        self._ran = outcomes.Ran(self._start)
        self._processes: tuple[Process, ...] | None = None
        self._sockets: tuple[Socket, ...] | None = None

    def prove(self) -> None:
        """Whether commands and files are those of one whole host, and which kind it is. Raises `Unseen`."""
        nonce = secrets.token_hex(16)
        told = self.run(["echo", nonce])
        if told.text != f"{nonce}\n":
            raise Unseen("unsupported", "login shell", "it says something else than the command it is given")
        system, _, self._machine = self.run(["uname", "-sm"]).text.strip().partition(" ")
        if system not in _PLATFORMS:
            raise Unseen("unsupported", "uname -s", "neither Linux nor Darwin")
        self.platform = _PLATFORMS[system]
        if self.platform == "linux":
            self._bound = ("timeout", "-k", "1")
            mounted = self.text("/proc/self/mountinfo")
            self._files.lists_tell_all = not re.search(_HIDING, mounted)
            seen = _root_mount(mounted)
            if not seen or seen != _root_mount(self.run(["cat", "/proc/self/mountinfo"]).text):
                raise Unseen("unsupported", "/", "the session, or its SFTP server, is locked into a folder")

    def close(self) -> None:
        """Log out."""
        self._files.close()
        ssh_login.close(self._connections)

    def read(self, path: str, limit: int = door.READ_MAX_BYTES) -> bytes:
        """The bytes of a regular file."""
        return self._files.read(path, limit, whole=True)

    def beginning(self, path: str, size: int) -> bytes:
        """The first bytes of a regular file."""
        return self._files.read(path, size, whole=False)

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a folder."""
        return self._files.list(path)

    def stat(self, path: str, follow: bool = True) -> Stat:
        """What a path is."""
        return self._files.stat(path, follow)

    def readlink(self, path: str) -> str:
        """Where a link points."""
        return self._files.readlink(path)

    def run(self, argv: Sequence[str], ok: Sequence[int] = (0,), timeout: float | None = None) -> Command:
        """Run a command, once per scan."""
        return self._ran.ask(argv, ok, timeout)

    def processes(self) -> tuple[Process, ...]:
        """Running processes."""
        if self._processes is None:
            self._processes = (
                running_macos.processes(self)
                if self.platform == "macos"
                else ssh_running.processes(self._files)
            )
        return self._processes

    def sockets(self) -> tuple[Socket, ...]:
        """Listening sockets."""
        if self._sockets is None:
            self._sockets = (
                running_macos.sockets(self)
                if self.platform == "macos"
                else ssh_running.sockets(self._files, self._machine)
            )
        return self._sockets

    def mounts(self) -> tuple[Mount, ...]:
        """Mounted filesystems."""
        if self.platform == "macos":
            return running_macos.mounts(self)
        return ssh_running.mounts(self.text("/proc/self/mountinfo"))

    def _left(self, source: str) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Unseen("budget_spent", source)
        if not self._connections[-1].is_active():
            raise Unseen("timeout", source, ssh_command.LOST)
        return left

    def _begin(self) -> Sftp:
        """A session with an SFTP server: the subsystem, else its program; with sudo that one, as root."""
        transport, seconds = self._connections[-1], min(self._left("sftp"), ssh_command.OPEN_SECONDS)
        if not self._sudo:
            with suppress(Unseen):
                return Sftp(ssh_command.subsystem(transport, "sftp", seconds), seconds)
        words = ""
        for server in ssh_sudo.SFTP_SERVERS:
            argv = (*_ENVIRONMENT, *(ssh_sudo.SUDO if self._sudo else ()), server, ssh_sudo.READ_ONLY)
            channel = ssh_command.started(transport, ssh_command.line(argv), "sftp", seconds)
            try:
                return Sftp(channel, seconds)
            except Unseen:
                words = ssh_command.complaint(channel) or words
                channel.close()
        if self._sudo:
            raise Unseen("permission_denied", "sudo sftp-server -R", words)
        raise Unseen("unsupported", "sftp", "the host has no SFTP server")

    def _start(self, argv: tuple[str, ...], timeout: float) -> Command:
        left = self._left(" ".join(argv))
        seconds, late = min(timeout, left), "timeout" if timeout < left else "budget_spent"
        if self._sudo and argv in ssh_sudo.COMMANDS:
            done = self._execute(argv, (*ssh_sudo.SUDO, *argv), seconds, late)
            if not ssh_sudo.is_refusal(done):
                return done
        return self._execute(argv, argv, seconds, late)

    def _execute(self, named: tuple[str, ...], argv: Sequence[str], seconds: float, late: str) -> Command:
        """Run it, ended on the other side too where it outlasts its time: a closed channel ends nothing there."""
        bound = (*self._bound, str(int(seconds) + 2)) if self._bound else ()
        words = ssh_command.line((*_ENVIRONMENT, *bound, *argv))
        done = ssh_command.execute(self._connections[-1], named, words, seconds, late)
        if done.returncode == 127:
            raise Unseen("tool_missing", done.source)
        return done


def _root_mount(mountinfo: str) -> str:
    """The line of "/" in a mountinfo file: its numbers tell one view of the files from another."""
    lines = [line for line in mountinfo.splitlines() if line.split(" ")[4:5] == ["/"]]
    return " ".join(lines[-1].split(" ")[:5]) if lines else ""
