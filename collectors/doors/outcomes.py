"""What the operating system's answers mean at every door: reasons, stats, return codes."""

from __future__ import annotations

import errno
import os
import stat as stat_module
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from collectors.door import COMMAND_MAX_SECONDS, Command, Stat, Unseen

_LAST_SECOND: Final = 253402300799  # 9999-12-31T23:59:59Z

_DENIED_WORDS: Final = (
    "permission denied",
    "operation not permitted",
    "must be root",
    "requires root",
    "are you root",
)

_BY_ERRNO: Final = {
    errno.ENOENT: "not_found",
    errno.ENOTDIR: "not_found",
    errno.ESRCH: "not_found",
    errno.EACCES: "permission_denied",
    errno.EPERM: "permission_denied",
    errno.EAGAIN: "timeout",
    errno.ETIMEDOUT: "timeout",
    errno.EFBIG: "too_large",
    errno.E2BIG: "too_large",
    errno.ENOSYS: "unsupported",
    errno.EOPNOTSUPP: "unsupported",
}


def from_oserror(error: OSError, source: str) -> Unseen:
    """The `Unseen` for an operating system error.

    What is on no list is `malformed` with the system's words.
    """
    return Unseen(_BY_ERRNO.get(error.errno or 0, "malformed"), source, error.strerror or "")


class Told:
    """Turns what the operating system raises while it looks at a path into `Unseen`.

    A class, since a scan looks a few thousand times and a generator takes four times as long.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def __enter__(self) -> None:
        """Nothing to be done."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise what it means."""
        if isinstance(error, OSError):
            raise from_oserror(error, self._source) from None
        if isinstance(error, ValueError):
            raise Unseen("malformed", self._source.replace("\0", "\\0"), "no path can hold this") from None


def to_stat(info: os.stat_result) -> Stat:
    """A `Stat` out of an `os.stat_result`."""
    return stat_of(info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_mtime_ns // 10**9)


def stat_of(mode: int, uid: int, gid: int, size: int, seconds: int) -> Stat:
    """A `Stat` out of its numbers; a time outside the calendar becomes the nearest one inside."""
    kind: Literal["file", "dir", "link", "device", "other"] = "other"
    if stat_module.S_ISREG(mode):
        kind = "file"
    elif stat_module.S_ISDIR(mode):
        kind = "dir"
    elif stat_module.S_ISLNK(mode):
        kind = "link"
    elif stat_module.S_ISCHR(mode) or stat_module.S_ISBLK(mode):
        kind = "device"
    modified_at = datetime.fromtimestamp(min(max(seconds, 0), _LAST_SECOND), UTC)
    return Stat(kind, stat_module.S_IMODE(mode), uid, gid, size, modified_at)


def demand_possible(path: str) -> None:
    """Refuse a path that none can be."""
    if "\0" in path:
        raise Unseen("malformed", path.replace("\0", "\\0"), "no path can hold this")


def demand_regular(info: Stat, path: str, limit: int, whole: bool) -> None:
    """Refuse what is no regular file, and one too large to be read whole."""
    if info.kind != "file":
        raise Unseen("malformed", path, "not a regular file")
    if whole and info.size > limit:
        raise Unseen("too_large", path, f"{info.size} bytes")


class Ran:
    """The commands of one scan: equal ones run once, and what failed once fails again in the same words."""

    def __init__(self, start: Callable[[tuple[str, ...], float], Command]) -> None:
        self._start = start
        self._done: dict[tuple[str, ...], Command | Unseen] = {}

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """What was run, in its order."""
        return iter(self._done)

    def ask(self, argv: Sequence[str], ok: Sequence[int], timeout: float | None) -> Command:
        """The finished command, when its return code is one of `ok`."""
        key = tuple(argv)
        if key not in self._done:
            try:
                self._done[key] = self._start(key, timeout or COMMAND_MAX_SECONDS)
            except Unseen as unseen:
                self._done[key] = unseen
        done = self._done[key]
        if isinstance(done, Unseen):
            raise Unseen(done.reason, done.source, done.detail)
        return checked(done, ok)


def checked(done: Command, ok: Sequence[int]) -> Command:
    """The command, when its return code is one of `ok`.

    127 and 126 are what a wrapper says when the tool behind it is missing or may not run. Of others the
    words on standard error tell a want of privileges from the rest, which is `malformed`.
    """
    if done.returncode in ok:
        return done
    words = done.stderr.decode("utf-8", "replace")
    detail = f"return code {done.returncode}: {words.strip()[:200]}"
    if done.returncode == 127:
        raise Unseen("tool_missing", done.source, detail)
    if any(sign in words.lower() for sign in _DENIED_WORDS):
        raise Unseen("permission_denied", done.source, detail)
    raise Unseen("malformed", done.source, detail)
