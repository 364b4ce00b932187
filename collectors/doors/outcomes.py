"""What the operating system's answers mean at every door: reasons, stats, return codes."""

from __future__ import annotations

import errno
import os
import stat as stat_module
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from collectors.door import Command, Stat, Unseen

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
    """A `Stat` out of an `os.stat_result`; a time outside the calendar becomes the nearest one inside."""
    kind: Literal["file", "dir", "link", "device", "other"] = "other"
    if stat_module.S_ISREG(info.st_mode):
        kind = "file"
    elif stat_module.S_ISDIR(info.st_mode):
        kind = "dir"
    elif stat_module.S_ISLNK(info.st_mode):
        kind = "link"
    elif stat_module.S_ISCHR(info.st_mode) or stat_module.S_ISBLK(info.st_mode):
        kind = "device"
    seconds = min(max(info.st_mtime_ns // 10**9, 0), _LAST_SECOND)
    modified_at = datetime.fromtimestamp(seconds, UTC)
    return Stat(kind, stat_module.S_IMODE(info.st_mode), info.st_uid, info.st_gid, info.st_size, modified_at)


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
