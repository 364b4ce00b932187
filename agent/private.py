"""What private means: POSIX has the mode of a file for it, Windows an access list and, for keys, DPAPI."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    from agent import windows

if sys.platform == "win32":
    PROTECTION: Final = "os_sealed"
    PRIVILEGED: Final = "an administrator"
else:
    PROTECTION: Final = "file"
    """How the host's key is kept, as its enrolment request says."""
    PRIVILEGED: Final = "root"
    """Who may read everything, in words for people."""


def others(path: Path) -> str:
    """Who else may read a file or enter a folder, in words; empty when nobody may. OSError when it cannot be asked."""
    if sys.platform == "win32":
        return ", ".join(windows.others(path))
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"mode {mode:04o}" if mode & 0o077 else ""


def remedy(path: Path) -> str:
    """What makes a folder private again."""
    if sys.platform == "win32":
        return "only SYSTEM and Administrators may own and enter it: find out who made it, and enrol with a fresh one"
    return f"chmod -R go= {path}"


def seal(data: bytes) -> bytes:
    """A key as it is kept at rest."""
    if sys.platform == "win32":
        return windows.seal(data)
    return data


def unseal(data: bytes) -> bytes:
    """The key again. InputError `key_malformed`."""
    if sys.platform == "win32":
        return windows.unseal(data)
    return data
