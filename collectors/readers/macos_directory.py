"""Users and groups of a Mac's own directory node, as dscl(1) tells them: named attributes only, never a hash.

How somebody may log in is told by the tags of AuthenticationAuthority: a user without one can't, a DisabledUser may
not. A user is a person where it may log in, or has a number from 500 on and a login shell; that it is hidden from
the login window changes nothing. The guest has a switch of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from collectors.door import Host, Unseen
from collectors.readers import macos_plist
from collectors.readers.once import once

_STANDARD, _NATIVE = "dsAttrTypeStandard:", "dsAttrTypeNative:"
USERS: Final = (
    *("dscl", "-plist", ".", "-readall", "/Users"),
    *("RecordName", "UniqueID", "PrimaryGroupID", "GeneratedUID", "UserShell", "NFSHomeDirectory"),
    *("AuthenticationAuthority", "SmartCardEnforcement", "accountPolicyData"),
)
GROUPS: Final = (
    *("dscl", "-plist", ".", "-readall", "/Groups"),
    *("RecordName", "PrimaryGroupID", "GeneratedUID", "GroupMembership", "GroupMembers", "NestedGroups"),
)
_DAY, _SECONDS_MAX = 86_400, 2**34
GUEST: Final = "Guest"
FIRST_PERSON: Final = 500
_EVERYBODY: Final = frozenset({12, 50, 51, 53, 61})
"""Groups whose members macOS works out: everyone, whoever logged in, local accounts."""
_NO_SHELLS: Final = ("", "/usr/bin/false", "/bin/false", "/sbin/nologin", "/usr/sbin/nologin", "/dev/null")
_NO_LOGIN: Final = frozenset({"securetoken", "kerberosv5", "disableduser"})
_CARDS: Final = frozenset({"tokenidentity", "pubkeyhash"})
_HASHES: Final = re.compile(r"HASHLIST:<([^<>]*)>")


@dataclass(frozen=True)
class User:
    """One account. `state` is set, locked or none; `hashes` is None where they are not told."""

    name: str
    number: int
    group: int | None
    guid: str
    shell: str
    tags: frozenset[str]
    hashes: tuple[str, ...] | None
    card_enforcement: str | None
    changed_day: int | None

    @property
    def state(self) -> str:
        """What its password is: one that is set, one that is locked, or none at all."""
        if "disableduser" in self.tags:
            return "locked"
        return "set" if self.tags - _NO_LOGIN - _CARDS else "none"

    @property
    def may_log_in(self) -> bool:
        """Whether it has any way to prove who it is."""
        return bool(self.tags - _NO_LOGIN) and "disableduser" not in self.tags

    @property
    def has_card(self) -> bool:
        """Whether a smart card is paired with it."""
        return bool(self.tags & _CARDS)


def users(host: Host) -> tuple[User, ...]:
    """Every account. Raises `Unseen`; an answer without root, or in which nobody can log in, is no answer."""
    return once(host, _users)


def people(host: Host) -> list[User]:
    """The accounts of people, and root. Raises `Unseen`."""
    return [one for one in users(host) if _is_person(one)]


def administrators(host: Host) -> frozenset[str]:
    """The names of local users who are in the group admin, and of root. Raises `Unseen`."""
    found = members(host, "admin")
    if found is None:
        raise Unseen("malformed", " ".join(GROUPS), "no group admin")
    return found | {one.name for one in users(host) if one.number == 0}


def members(host: Host, name: str) -> frozenset[str] | None:
    """The names of local users in a local group, by name, number, GUID or a nested group; None without such a group."""
    told = host.run(GROUPS)
    groups = macos_plist.records(told.stdout, told.source)
    first = [one for one in groups if name in _values(one, "RecordName", told.source)]
    if not first:
        return None
    reached: list[dict[str, Any]] = []
    while first:
        reached += first
        nested = {guid for one in first for guid in _values(one, "NestedGroups", told.source)}
        first = [one for one in groups if one not in reached and _guid(one, told.source) in nested]
    return frozenset(one.name for one in users(host) if any(_holds(group, one) for group in reached))


def _holds(group: dict[str, Any], user: User) -> bool:
    where = " ".join(GROUPS)
    number = _integer(group, "PrimaryGroupID", where)
    return (
        number in _EVERYBODY
        or number == user.group
        or user.name in _values(group, "GroupMembership", where)
        or user.guid in _values(group, "GroupMembers", where)
    )


def _users(host: Host) -> tuple[User, ...]:
    told = host.run(USERS)
    found = tuple(_user(one, told.source) for one in macos_plist.records(told.stdout, told.source))
    if not any(one.number == 0 for one in found) or not any(one.tags for one in found):
        raise Unseen("malformed", told.source, "no root, or nobody who can log in")
    return found


def _user(record: dict[str, Any], where: str) -> User:
    authorities = _values(record, "AuthenticationAuthority", where)
    names = _values(record, "RecordName", where)
    number = _integer(record, "UniqueID", where)
    if not names or number is None:
        raise Unseen("malformed", where, "a user without name or number")
    return User(
        names[0],
        number,
        _integer(record, "PrimaryGroupID", where),
        _guid(record, where),
        next(iter(_values(record, "UserShell", where)), ""),
        frozenset(one.split(";")[1].lower() for one in authorities if one.count(";") >= 2),
        _hashes(authorities),
        next(iter(_values(record, "SmartCardEnforcement", where)), None),
        _changed(_values(record, "accountPolicyData", where)),
    )


def _is_person(one: User) -> bool:
    if one.name == GUEST:
        return False
    return one.number == 0 or one.may_log_in or (one.number >= FIRST_PERSON and one.shell not in _NO_SHELLS)


def _hashes(authorities: Iterable[str]) -> tuple[str, ...] | None:
    """The hashes that are kept of a password: `;ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2,SMB-NT>`."""
    found = [_HASHES.search(one) for one in authorities if "shadowhash" in one.lower()]
    if not found or not all(found):
        return None
    return tuple(word.strip() for match in found if match for word in match[1].split(",") if word.strip())


def _changed(values: list[str]) -> int | None:
    """On which day since 1970 the password was set, out of the property list inside accountPolicyData."""
    try:
        seconds = macos_plist.parse(values[0].encode(), "accountPolicyData").get("passwordLastSetTime")
    except (Unseen, IndexError):
        return None
    return int(seconds // _DAY) if isinstance(seconds, int | float) and 0 < seconds < _SECONDS_MAX else None


def _guid(record: dict[str, Any], where: str) -> str:
    return next(iter(_values(record, "GeneratedUID", where)), "")


def _integer(record: dict[str, Any], name: str, where: str) -> int | None:
    values = _values(record, name, where)
    if not values:
        return None
    if not re.fullmatch(r"-?[0-9]{1,10}", values[0]):
        raise Unseen("malformed", where, f"{name} is no number")
    return int(values[0])


def _values(record: dict[str, Any], name: str, where: str) -> list[str]:
    value = record.get(_STANDARD + name, record.get(_NATIVE + name, []))
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unseen("malformed", where, f"{name} is no list of texts")
    return value
