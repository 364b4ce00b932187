"""Accounts, groups, rules for passwords and the audit policy through Windows' own libraries, called with ctypes.

The structures are those of lmaccess.h and ntsecapi.h. Buffers that Windows hands out are given back.
"""

from __future__ import annotations

import ctypes
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, Structure, byref, c_uint32, c_void_p, c_wchar_p, cast
from typing import Any, Final

from collectors.door import Unseen
from collectors.door_windows import ROWS_MAX, LockoutRules, Member, PasswordRules, User
from collectors.doors.windows_answers import unseen

_MORE, _ALL, _NORMAL_ACCOUNTS = 234, 0xFFFFFFFF, 2
_NAME_MAX: Final = 1024


class _Modals0(Structure):
    _fields_ = [(name, c_uint32) for name in ("min_length", "max_age", "min_age", "force_logoff", "history")]


class _Modals3(Structure):
    _fields_ = [(name, c_uint32) for name in ("duration", "window", "threshold")]


_NUMBERS: Final = frozenset(
    "password_age priv flags auth_flags last_logon last_logoff acct_expires max_storage units_per_week bad_pw_count "
    "num_logons country_code code_page user_id primary_group_id password_expired".split()
)
_USER: Final = (
    "name password password_age priv home_dir comment flags script_path auth_flags full_name usr_comment parms "
    "workstations last_logon last_logoff acct_expires max_storage units_per_week logon_hours bad_pw_count num_logons "
    "logon_server country_code code_page user_id primary_group_id profile home_dir_drive password_expired"
).split()


class _User3(Structure):
    _fields_ = [(name, c_uint32 if name in _NUMBERS else c_void_p) for name in _USER]


class _Member2(Structure):
    _fields_ = [("sid", c_void_p), ("kind", c_uint32), ("name", c_void_p)]


class _Guid(Structure):
    _fields_ = [("bytes", ctypes.c_ubyte * 16)]


class _Audit(Structure):
    _fields_ = [("subcategory", _Guid), ("flags", c_uint32), ("category", _Guid)]


def password_rules() -> PasswordRules:
    """NetUserModalsGet, level 0."""
    with _modals(0, _Modals0) as found:
        return PasswordRules(found.min_length, found.max_age, found.min_age, found.history)


def lockout_rules() -> LockoutRules:
    """NetUserModalsGet, level 3."""
    with _modals(3, _Modals3) as found:
        return LockoutRules(found.duration, found.window, found.threshold)


def users() -> tuple[User, ...]:
    """NetUserEnum, level 3, of normal accounts."""
    return tuple(
        User(_text(one.name), one.user_id, one.flags, one.last_logon)
        for one in _pages("NetUserEnum", _User3, (None, 3, _NORMAL_ACCOUNTS))
    )


def members(sid: str) -> tuple[Member, ...]:
    """NetLocalGroupGetMembers, level 2; the group's name in this system's language is looked up first."""
    name = _group_name(sid)
    return tuple(
        Member(_sid_text(one.sid), _text(one.name).strip("\\"), one.kind)
        for one in _pages("NetLocalGroupGetMembers", _Member2, (None, c_wchar_p(name), 2))
    )


def audited(subcategories: tuple[str, ...]) -> tuple[int, ...]:
    """AuditQuerySystemPolicy; an answer about other subcategories than those asked for is none."""
    source = "AuditQuerySystemPolicy"
    library, count = _library("advapi32"), len(subcategories)
    asked = (_Guid * count)(
        *(_Guid((ctypes.c_ubyte * 16)(*uuid.UUID(one).bytes_le)) for one in subcategories)
    )
    buffer = POINTER(_Audit)()
    if not _function(library, source)(asked, count, byref(buffer)) & 0xFF:
        raise unseen(_last_error(), source)
    try:
        found = [buffer[index] for index in range(count)]
        if [bytes(one.subcategory.bytes) for one in found] != [bytes(one.bytes) for one in asked]:
            raise Unseen("malformed", source, "other subcategories")
        return tuple(one.flags & 3 for one in found)
    finally:
        library.AuditFree(buffer)


@contextmanager
def _modals(level: int, kind: Any) -> Iterator[Any]:
    source = f"NetUserModalsGet({level})"
    library, buffer = _library("netapi32"), POINTER(kind)()
    status = _function(library, "NetUserModalsGet")(None, level, byref(buffer))
    if status or not buffer:
        raise unseen(status, source)
    try:
        yield buffer.contents
    finally:
        library.NetApiBufferFree(buffer)


def _pages(name: str, kind: Any, arguments: tuple[object, ...]) -> Iterator[Any]:
    """The entries of an enumeration, page by page; each must be read before the next is asked for."""
    library = _library("netapi32")
    seen, resume = 0, c_void_p(0)
    while True:
        buffer, read, total = POINTER(kind)(), c_uint32(), c_uint32()
        counters = (byref(buffer), c_uint32(_ALL), byref(read), byref(total), byref(resume))
        status = _function(library, name)(*arguments, *counters)
        if status not in (0, _MORE):
            raise unseen(status, name)
        try:
            seen += read.value
            if seen > ROWS_MAX:
                raise Unseen("too_large", name, f"more than {ROWS_MAX} entries")
            yield from (buffer[index] for index in range(read.value))
        finally:
            if buffer:
                library.NetApiBufferFree(buffer)
        if status == 0:
            return
        if not read.value:
            raise Unseen("malformed", name, "a page without entries")


def _group_name(sid: str) -> str:
    library, pointer = _library("advapi32"), c_void_p()
    if not library.ConvertStringSidToSidW(c_wchar_p(sid), byref(pointer)):
        raise unseen(_last_error(), sid)
    try:
        name, domain = ctypes.create_unicode_buffer(_NAME_MAX), ctypes.create_unicode_buffer(_NAME_MAX)
        sizes, kind = (c_uint32(_NAME_MAX), c_uint32(_NAME_MAX)), c_uint32()
        found = library.LookupAccountSidW(
            None, pointer, name, byref(sizes[0]), domain, byref(sizes[1]), byref(kind)
        )
        if not found:
            raise unseen(_last_error(), sid)
        return name.value
    finally:
        _library("kernel32").LocalFree(pointer)


def _sid_text(pointer: int | None) -> str:
    text = c_wchar_p()
    if not pointer or not _library("advapi32").ConvertSidToStringSidW(c_void_p(pointer), byref(text)):
        raise unseen(_last_error(), "ConvertSidToStringSid")
    try:
        return text.value or ""
    finally:
        _library("kernel32").LocalFree(text)


def _text(pointer: int | None) -> str:
    return (cast(pointer, c_wchar_p).value or "") if pointer else ""


def _library(name: str) -> Any:
    """One of Windows' own libraries; there is none elsewhere."""
    kind = vars(ctypes).get("WinDLL")
    if kind is None:
        raise Unseen("unsupported", name, "no Windows")
    try:
        return kind(name, use_last_error=True)
    except OSError:
        raise Unseen("tool_missing", name) from None


def _function(library: Any, name: str) -> Any:
    try:
        return getattr(library, name)
    except AttributeError:
        raise Unseen("unsupported", name, "not in this Windows") from None


def _last_error() -> int:
    return int(vars(ctypes)["get_last_error"]())
