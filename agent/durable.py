"""The one place where the agent writes: whole, synced, or not at all.

A file is written beside its place, synced, renamed over it, and its folder is synced (on Windows, which cannot do
that, the rename returns when the disk has it). So after a crash at any step a reader finds the old bytes or the new
ones, never a part. Every failure is one error with a code:
`disk_full`, `state_read_only`, `state_permission`, `state_unreadable`.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from pathlib import Path
from typing import Final

from agent.private import PRIVILEGED
from config.errors import InputError

if sys.platform == "win32":
    from agent import windows

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
TEMPORARY: Final = ".writing"
"""The ending of files not yet renamed; what is left of them after a crash is swept by `sweep`."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
if sys.platform == "win32":
    _CAREFULLY: Final = os.O_NOINHERIT | os.O_BINARY
    _READ_FLAGS: Final = os.O_RDONLY | _CAREFULLY
    _BUSY_TRIES: Final = 5
else:
    _CAREFULLY: Final = os.O_NOFOLLOW | os.O_CLOEXEC
    _READ_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | _CAREFULLY
_WRITE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFULLY


def write(path: Path, data: bytes, mode: int = FILE_MODE) -> None:
    """Make `path` hold exactly `data`, durably. On an error the old content is untouched."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        try:
            _write_new(temporary, data, mode)
            _replace(temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise to_error(error, path) from error


def _write_new(path: Path, data: bytes, mode: int) -> None:
    path.unlink(missing_ok=True)
    handle = _open_new(path, mode)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]
        if sys.platform != "win32":
            os.fchmod(handle, mode)
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file, None when there is none. `state_unreadable` above `limit` bytes."""
    try:
        handle = _open_to_read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise to_error(error, path) from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise InputError("state_unreadable", f"{path} is not a regular file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise to_error(error, path) from error
    finally:
        os.close(handle)
    if len(data) > limit:
        raise InputError("state_unreadable", f"{path} is larger than {limit} bytes")
    return data


def remove(path: Path) -> None:
    """Remove a file, durably; no error when it is gone already."""
    try:
        if sys.platform == "win32":
            windows.patiently(lambda: path.unlink(missing_ok=True))
        else:
            path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise to_error(error, path) from error


def move(path: Path, to: Path) -> None:
    """Rename a file into another folder of the same state, durably."""
    try:
        _replace(path, to)
        sync_folder(to.parent)
        sync_folder(path.parent)
    except OSError as error:
        raise to_error(error, path) from error


def make_folder(path: Path) -> None:
    """Make a folder that only its owner may enter; parents too. No error when it is there."""
    try:
        if sys.platform == "win32":
            windows.make_folder(path)
        else:
            path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise to_error(error, path) from error


def sweep(folder: Path) -> None:
    """Remove what crashes left half-written. Only whoever holds the lock may call this."""
    try:
        for path in folder.glob(f"*{TEMPORARY}"):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise to_error(error, folder) from error


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable.

    On Windows a removal may be undone by a crash; what it leaves is found and removed again.
    """
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_new(path: Path, mode: int) -> int:
    if sys.platform == "win32":
        return windows.open_new(path)
    return os.open(path, _WRITE_FLAGS, mode)


def _open_to_read(path: Path) -> int:
    if sys.platform == "win32":
        for _ in range(_BUSY_TRIES):
            try:
                return os.open(path, _READ_FLAGS)
            except PermissionError:  # perhaps being renamed over just now; the C library does not tell
                time.sleep(0.04)
    return os.open(path, _READ_FLAGS)


def _replace(path: Path, to: Path) -> None:
    if sys.platform == "win32":
        windows.replace(path, to)
    else:
        os.replace(path, to)


def to_error(error: OSError, path: Path) -> InputError:
    """Our error for an operating system error at `path`: what happened, and what to try."""
    words = f"{path}: {error.strerror or error}"
    if error.errno in _FULL:
        return InputError("disk_full", words, "free some space on this filesystem; what is spooled is kept")
    if error.errno == errno.EROFS:
        return InputError("state_read_only", words, "mount the filesystem of the state folder writable")
    if error.errno in (errno.EACCES, errno.EPERM):
        return InputError("state_permission", words, f"run as its owner, or as {PRIVILEGED}")
    return InputError("state_unreadable", words)
