"""Windows' side of the state folder: whom a file lets in, writes that last, and what only this machine can open.

Works on Windows only, through pywin32, and is imported nowhere else. SYSTEM and the group of administrators are
named by their SIDs, since Windows translates their names.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

from config.errors import InputError

SYSTEM: Final = "S-1-5-18"
ADMINISTRATORS: Final = "S-1-5-32-544"
EVERYBODY: Final = "S-1-1-0"
PATIENCE_SECONDS: Final = 2.0
"""How long a rename or removal is tried again while somebody, such as a virus scanner, has the file open."""

# Numbers of winnt.h, winerror.h, accctrl.h, sddl.h, dpapi.h and fileapi.h.
_DENIES: Final = (1, 6, 10, 12)
_BUSY: Final = (5, 32, 33)
_SDDL_REVISION: Final = 1
_FILE_OBJECT: Final = 1
_OWNER, _DACL = 1, 4
_GENERIC_WRITE, _SHARE_READ, _CREATE_NEW, _WRITE_THROUGH = 0x40000000, 1, 1, 0x80000000
_REPLACE_EXISTING, _MOVE_WRITE_THROUGH = 1, 8
_NO_WINDOWS, _OF_THE_MACHINE = 1, 4
_PURPOSE: Final = b"boltseal host key"
"""Bound into what is sealed, so that nothing sealed for another purpose passes for a key."""
_Result = TypeVar("_Result")


def strangers(owner: str, entries: Iterable[tuple[int, str]] | None, own: str) -> tuple[str, ...]:
    """Whose SIDs an object lets in beside SYSTEM, the administrators and this user: what a mode of 0600 keeps out.

    `entries` are type and SID of each entry of its access list; None is no list at all, which lets everybody in. Its
    owner counts, since he may change the list. Any entry that does not deny counts, whatever it allows.
    """
    named = [owner, *(sid for kind, sid in entries if kind not in _DENIES)] if entries is not None else []
    found = dict.fromkeys(named if entries is not None else [EVERYBODY])
    return tuple(sid for sid in found if sid not in (SYSTEM, ADMINISTRATORS, own))


def others(path: Path) -> tuple[str, ...]:
    """`strangers` of a file or folder. OSError where it cannot be asked."""
    security = _module("win32security")

    def ask() -> tuple[str, ...]:
        found = security.GetNamedSecurityInfo(str(path), _FILE_OBJECT, _OWNER | _DACL)
        access = found.GetSecurityDescriptorDacl()
        entries = None if access is None else [access.GetAce(at) for at in range(access.GetAceCount())]
        return strangers(
            _text(found.GetSecurityDescriptorOwner()),
            None if entries is None else [(entry[0][0], _text(entry[-1])) for entry in entries],
            _own(),
        )

    try:
        return _asked(path, ask)
    except NotImplementedError:  # pywin32's word for an entry of a kind that it does not know
        return (EVERYBODY,)


def make_folder(path: Path) -> None:
    """Make a folder that only SYSTEM and the administrators (or, for lack of their rights, this user) may enter.

    It is never there without its access list, which what is made in it inherits, and it inherits nothing itself.
    """
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _asked(path, lambda: _module("win32file").CreateDirectoryW(str(path), _attributes()))


def open_new(path: Path) -> int:
    """A new file as private as such a folder, as a descriptor of C's for writing; it writes through to the disk."""
    file, runtime = _module("win32file"), _module("msvcrt")

    def make() -> int:
        access = (_GENERIC_WRITE, _SHARE_READ, _attributes(), _CREATE_NEW, _WRITE_THROUGH, None)
        return int(file.CreateFileW(str(path), *access).Detach())

    return int(runtime.open_osfhandle(_asked(path, make), 0))


def make_file(path: Path) -> None:
    """An empty file, as private as that, where there is none yet: for what is written by other means than ours."""
    try:
        os.close(open_new(path))
    except FileExistsError:
        return


def replace(path: Path, to: Path) -> None:
    """Rename over what is there; returns when the disk has it."""
    move, how = _module("win32file").MoveFileExW, _REPLACE_EXISTING | _MOVE_WRITE_THROUGH
    patiently(lambda: _asked(path, lambda: move(str(path), str(to), how)))


def patiently(act: Callable[[], _Result], sleep: Callable[[float], None] = time.sleep) -> _Result:
    """Do it, again and again for a while when somebody else has the file open just now."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except OSError as error:
            if getattr(error, "winerror", None) not in _BUSY or time.monotonic() >= ends_at:
                raise
        sleep(0.05)


def lock(handle: int) -> bool:
    """Hold the first byte of an open file until it is closed; False when another process does."""
    runtime = _module("msvcrt")
    try:
        runtime.locking(handle, runtime.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def seal(data: bytes) -> bytes:
    """Data that only this machine's Windows opens again (DPAPI): a copied file is worth nothing elsewhere."""
    crypt = _module("win32crypt")
    flags = _NO_WINDOWS | _OF_THE_MACHINE
    return bytes(_asked(Path(), lambda: crypt.CryptProtectData(data, None, _PURPOSE, None, None, flags)))


def unseal(sealed: bytes) -> bytes:
    """What was sealed here. InputError `key_malformed` where it was sealed elsewhere, or is damaged."""
    crypt = _module("win32crypt")
    try:
        return bytes(
            _asked(Path(), lambda: crypt.CryptUnprotectData(sealed, _PURPOSE, None, None, _NO_WINDOWS)[1])
        )
    except OSError:
        hint = "enrol again with a fresh state folder; a key does not move to another machine"
        raise InputError("key_malformed", "the key was not sealed on this machine", hint) from None


def serial() -> str | None:
    """The machine's serial number, None where its firmware tells none."""
    from collectors.door import Unseen
    from collectors.doors.windows import Windows

    try:
        rows = Windows().rows("root/CIMV2", "Win32_BIOS", ("SerialNumber",))
    except Unseen:
        return None
    told = str(rows[0].get("SerialNumber") or "") if rows else ""
    return "".join(letter for letter in told[:256].strip() if letter.isprintable()) or None


def is_administrator() -> bool:
    """Whether this process has an administrator's rights; SYSTEM has."""
    security = _module("win32security")
    return bool(security.CheckTokenMembership(None, security.ConvertStringSidToSid(ADMINISTRATORS)))


def _attributes() -> Any:
    security = _module("win32security")
    own = _own()
    text = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
    # Who is no administrator may not give away what he makes.
    text = f"O:BA{text}" if is_administrator() else f"O:{own}{text}(A;OICI;FA;;;{own})"
    made = security.SECURITY_ATTRIBUTES()
    made.SECURITY_DESCRIPTOR = security.ConvertStringSecurityDescriptorToSecurityDescriptor(
        text, _SDDL_REVISION
    )
    return made


def _own() -> str:
    security, process = _module("win32security"), _module("win32api").GetCurrentProcess()
    token = security.OpenProcessToken(process, security.TOKEN_QUERY)
    return _text(security.GetTokenInformation(token, security.TokenUser)[0])


def _text(sid: Any) -> str:
    return str(_module("win32security").ConvertSidToStringSid(sid)) if sid is not None else EVERYBODY


def _asked(path: Path, ask: Callable[[], _Result]) -> _Result:
    """What it answers, with pywin32's errors as the OSError that Python itself would raise."""
    kind: Any = _module("pywintypes").error
    try:
        return ask()
    except kind as error:
        raise OSError(0, error.strerror, os.fspath(path), error.winerror) from None


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise InputError(
            "extra_missing", f"on Windows the state folder needs {name}", "pip install 'boltseal[agent]'"
        ) from None
