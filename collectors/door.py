"""The door: the only way a collector sees the observed system.

A collector cannot tell which door it stands at: the machine itself (`doors.local`), a folder that holds a
root filesystem (`doors.root`), or the tests' in-memory twin. Every door is bounded and read-only: files are
read up to a size, commands run up to a time, the whole look up to a budget. Whatever cannot be looked at is
an `Unseen` with a reason out of the closed list below: failing to look is evidence.
"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, Literal, NamedTuple, Protocol

REASONS: Final = (
    "permission_denied",
    "not_found",
    "tool_missing",
    "timeout",
    "too_large",
    "malformed",
    "unsupported",
    "budget_spent",
    "offline_root",
    "collector_error",
    "not_collected",
)
"""Every reason why something was not seen; the words of `config.section.REASONS`."""

READ_MAX_BYTES: Final = 4 * 1024 * 1024
OUTPUT_MAX_BYTES: Final = 8 * 1024 * 1024
LIST_MAX_NAMES: Final = 100_000
LINKS_MAX: Final = 40
COMMAND_MAX_SECONDS: Final = 10.0
BUDGET_SECONDS: Final = 120.0
SYSTEM_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"


class Unseen(Exception):
    """Something could not be looked at.

    `reason` out of REASONS, `source` what was tried, `detail` for people.
    """

    def __init__(self, reason: str, source: str, detail: str = "") -> None:
        if reason not in REASONS:
            raise ValueError(f"no such reason: {reason}")
        super().__init__(f"{source}: {reason}" + (f" ({detail})" if detail else ""))
        self.reason = reason
        self.source = source
        self.detail = detail


class Stat(NamedTuple):
    """What a path is.

    `kind` is "link" only when asked not to follow, "other" for a pipe or a socket; `mode` holds the permission
    bits alone.
    """

    kind: Literal["file", "dir", "link", "device", "other"]
    mode: int
    uid: int
    gid: int
    size: int
    modified_at: datetime


class Command(NamedTuple):
    """A finished command."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 become U+FFFD."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def source(self) -> str:
        """The command as a person would type it, for `sources`."""
        return " ".join(self.argv)


class Process(NamedTuple):
    """A running process. `exe` and `arguments` are None or empty where they may not be read."""

    pid: int
    name: str
    exe: str | None = None
    arguments: tuple[str, ...] = ()


class Socket(NamedTuple):
    """A listening TCP socket or a bound UDP one.

    `protocol` is "tcp" or "udp", `address` tells IPv4 from IPv6.
    """

    protocol: Literal["tcp", "udp"]
    address: str
    port: int
    process: str | None = None


class Mount(NamedTuple):
    """A mounted filesystem, in the order of /proc/self/mountinfo; `number` is its "major:minor"."""

    device: str
    path: str
    kind: str
    options: tuple[str, ...] = ()
    number: str = ""


class Door(Protocol):
    """What every door has, whatever subject lies behind it; its own questions stand in a protocol of its own."""

    platform: str
    """What lies behind it, one of collectors.PLATFORMS where it is known."""
    now: datetime
    """When the scan started (UTC). For reading only; never put it, or an age made with it, into a fact."""
    cache: dict[str, object]
    """What collectors of one scan share, such as the package list; a key starts with its reader's name."""


class Host(Door, Protocol):
    """One observed system. Paths are absolute; every method raises `Unseen` when it cannot look."""

    offline: bool
    """True where nothing runs: commands, processes, sockets and mounts are then `offline_root`."""

    def read(self, path: str, limit: int = READ_MAX_BYTES) -> bytes:
        """The bytes of a regular file, links followed.

        `malformed` for anything else, `too_large` above `limit`.
        """
        ...

    def beginning(self, path: str, size: int) -> bytes:
        """The first `size` bytes of a regular file, however long it is."""
        ...

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted by their bytes, without "." and ".."."""
        ...

    def stat(self, path: str, follow: bool = True) -> Stat:
        """What a path is; with `follow=False` a link itself."""
        ...

    def readlink(self, path: str) -> str:
        """The text of a link, not resolved. `malformed` when the path is there and is no link."""
        ...

    def run(self, argv: Sequence[str], ok: Sequence[int] = (0,), timeout: float | None = None) -> Command:
        """Run a command without a shell; equal `argv` runs once per scan.

        A return code not in `ok` is `malformed`.
        """
        ...

    def processes(self) -> tuple[Process, ...]:
        """Running processes, by pid."""
        ...

    def sockets(self) -> tuple[Socket, ...]:
        """Listening TCP and bound, unconnected UDP sockets."""
        ...

    def mounts(self) -> tuple[Mount, ...]:
        """Mounted filesystems."""
        ...

    def text(self, path: str, limit: int = READ_MAX_BYTES) -> str:
        """A file as text.

        Bytes that are not UTF-8 become U+FFFD and a BOM stays: real readers trip over it too.
        """
        return self.read(path, limit).decode("utf-8", "replace")

    def exists(self, path: str) -> bool:
        """Whether a path is there, links followed. False only when that is known."""
        return self.found(path) is not None

    def found(self, path: str) -> Stat | None:
        """What a path is, links followed. None only when it is known not to be there."""
        try:
            return self.stat(path)
        except Unseen as unseen:
            if unseen.reason == "not_found":
                return None
            raise


def this_platform() -> str:
    """The word for the system that this process runs on; Python's own where there is no other."""
    return {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)


def glob(host: Host, pattern: str) -> list[str]:
    """Paths that match a shell pattern (`*`, `?`, `[…]`; no `**`), in glob(3) order; [] when there are none.

    As in glob(3), a wildcard does not match a leading dot. Unlike there, what cannot be looked at (denied, a
    loop of links) raises `Unseen`: it may hold anything.
    """
    found = ["/"]
    for wild, parts in groupby((piece for piece in pattern.split("/") if piece), _is_wild):
        for part in parts if wild else ["/".join(parts)]:  # plain names are one path, looked at once
            found = [path for base in found for path in _step(host, base, part)]
    return found


def _is_wild(part: str) -> bool:
    return any(character in part for character in "*?[")


def _step(host: Host, base: str, part: str) -> list[str]:
    join = base.rstrip("/") + "/"
    try:
        if not _is_wild(part):
            return [join + part] if host.exists(join + part) else []
        names = host.list(base)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return []
        raise
    hidden = part.startswith(".")
    return [join + name for name in names if fnmatch.fnmatchcase(name, part) and (hidden or name[0] != ".")]


def first(host: Host, *paths: str) -> str:
    """The first of these paths that exists. `not_found` (naming them all) when none does."""
    for path in paths:
        if host.exists(path):
            return path
    raise Unseen("not_found", ", ".join(paths))
