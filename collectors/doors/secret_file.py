"""Secrets come out of files that nobody else may read, never from a command line."""

from __future__ import annotations

import os
import stat
from typing import Final

SECRET_MAX_BYTES: Final = 64 * 1024


class SecretError(ValueError):
    """A file that may not be used as a secret. Its words name the file, never what is in it."""


def read_secret(path: str) -> bytes:
    """The bytes of a file that belongs to this user or to root and that no other user may read.

    On Windows, where modes say nothing of that, no file is taken.
    """
    if os.name != "posix":
        raise SecretError(f"{path}: on Windows a file of secrets is not taken; observe from Linux or macOS")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise SecretError(f"{path!r} is no path") from None
    with os.fdopen(handle, "rb") as opened:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise SecretError(f"{path} is not a regular file")
        if info.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(f"{path} has mode {stat.S_IMODE(info.st_mode):04o}; set it to 0600")
        if info.st_uid not in (0, os.geteuid()):
            raise SecretError(f"{path} belongs to another user")
        data = opened.read(SECRET_MAX_BYTES + 1)
    if len(data) > SECRET_MAX_BYTES:
        raise SecretError(f"{path} is longer than {SECRET_MAX_BYTES} bytes")
    return data


def read_password(path: str) -> str:
    """The one line of a password file."""
    data = read_secret(path)
    try:
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretError(f"{path} is not UTF-8 text") from None
    if not text or "\n" in text or "\0" in text:
        raise SecretError(f"{path} does not hold one line")
    return text
