"""The door to a Windows machine: what it can be asked without a word of anybody's language.

Registry values, numbers of CIM classes and of the network management API, identifiers (SID, RID, GUID) and services by
their key names: none of them is translated. What comes as text in the system's language (names of users and of
products) is told, never compared. Paths of the registry begin with HKLM or HKU and are those of the 64-bit view.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple, Protocol, TypeAlias

from collectors.door import Door, Process, Socket, Unseen

Value: TypeAlias = "int | str | tuple[str, ...] | bytes"
"""A registry value: a number, a text, several texts, or bytes."""
Cell: TypeAlias = "int | str | bool | tuple[int | str, ...] | None"
"""A property of a CIM object: every whole number as int, times as RFC 3339 in UTC, None where it is null."""
Row: TypeAlias = "Mapping[str, Cell]"

VALUES_MAX: Final = 10_000
ROWS_MAX: Final = 10_000
TEXT_MAX: Final = 64 * 1024
QUERY_MAX_SECONDS: Final = 20.0
FOREVER: Final = 0xFFFFFFFF
"""TIMEQ_FOREVER: what the network management API says for a time without end."""


class Service(NamedTuple):
    """A service: whether it runs, and its start type (boot, system, automatic, manual, disabled)."""

    running: bool
    start: str


class PasswordRules(NamedTuple):
    """USER_MODALS_INFO_0: rules for local passwords as they are in effect; ages in seconds or FOREVER."""

    min_length: int
    max_age_seconds: int
    min_age_seconds: int
    history: int


class LockoutRules(NamedTuple):
    """USER_MODALS_INFO_3: when local accounts are locked; `duration` is FOREVER until an administrator unlocks."""

    duration_seconds: int
    window_seconds: int
    threshold: int


class User(NamedTuple):
    """USER_INFO_3 of a local account: `rid` ends its SID, `flags` are UF_…, `last_logon` seconds since 1970 or 0."""

    name: str
    rid: int
    flags: int
    last_logon: int


class Member(NamedTuple):
    r"""A member of a local group: `name` as DOMAIN\\name or empty where nobody knows it; `kind` is SID_NAME_USE."""

    sid: str
    name: str
    kind: int


class Update(NamedTuple):
    """An update that Windows Update found and did not install. `categories` are identifiers (GUID, lower case)."""

    kb: str
    categories: tuple[str, ...]
    cves: tuple[str, ...]
    hidden: bool


class Updates(NamedTuple):
    """What the update agent knows by itself, without asking a server; times as RFC 3339 or empty."""

    waiting: tuple[Update, ...]
    searched_at: str
    installed_at: str


class Windows(Door, Protocol):
    """One Windows machine. Every method raises `Unseen` when it cannot look."""

    def values(self, key: str) -> Mapping[str, Value]:
        """The values of a registry key by name (as written there); `not_found` where there is no such key."""
        ...

    def subkeys(self, key: str) -> tuple[str, ...]:
        """The names of a registry key's subkeys."""
        ...

    def service(self, name: str) -> Service:
        """A service by its key name; `not_found` where it is not installed."""
        ...

    def rows(
        self,
        namespace: str,
        name: str,
        properties: tuple[str, ...],
        where: str = "",
        context: Mapping[str, str] | None = None,
    ) -> tuple[Row, ...]:
        """The instances of a CIM class, each with these properties; () where the class has none.

        `not_found` where the namespace or the class is unknown. `context` is what the provider is told beside
        the query, such as the store of firewall rules.
        """
        ...

    def password_rules(self) -> PasswordRules:
        """NetUserModalsGet, level 0."""
        ...

    def lockout_rules(self) -> LockoutRules:
        """NetUserModalsGet, level 3."""
        ...

    def security_policy(self) -> str:
        """The text that secedit exports (its key names are the same in every language)."""
        ...

    def users(self) -> tuple[User, ...]:
        """Local accounts."""
        ...

    def members(self, sid: str) -> tuple[Member, ...]:
        """The members of the local group with this SID."""
        ...

    def audited(self, subcategories: tuple[str, ...]) -> tuple[int, ...]:
        """For each subcategory (GUID): bit 1 where successes are recorded, bit 2 where failures are."""
        ...

    def updates(self) -> Updates:
        """What the update agent knows."""
        ...

    def processes(self) -> tuple[Process, ...]:
        """Running processes, by pid."""
        ...

    def sockets(self) -> tuple[Socket, ...]:
        """TCP sockets that listen, and UDP sockets that are bound."""
        ...

    def clock_status(self) -> str:
        """What `w32tm /query /status /verbose` writes; all but its ASCII is replaced."""
        ...

    def newest_event(
        self, channel: str, numbers: tuple[int, ...], levels: tuple[int, ...] = ()
    ) -> str | None:
        """When the newest event of these numbers (and levels) was written; `not_found` without the channel."""
        ...

    def modified_at(self, path: str) -> datetime:
        """When a plain file on a drive was last written; `unsupported` for anything else."""
        ...

    def in_time(self, source: str) -> None:
        """Raise `budget_spent` once the budget is: what loops for long asks between its rounds."""
        ...


def value(host: Windows, key: str, name: str) -> Value | None:
    """One registry value, whatever the case of its name; None where the value or its key is not there."""
    try:
        found = host.values(key)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return None
        raise
    return next((one for each, one in found.items() if each.lower() == name.lower()), None)


def number(host: Windows, key: str, name: str, default: int | None = None) -> int | None:
    """A value that must be a number; `default` where it is not there, `malformed` where it is something else."""
    found = value(host, key, name)
    if found is None:
        return default
    if isinstance(found, int):
        return found
    raise Unseen("malformed", f"{key}\\{name}", "not a number")


def subkeys(host: Windows, key: str) -> tuple[str, ...]:
    """The names of the subkeys; () where the key itself is not there."""
    try:
        return host.subkeys(key)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return ()
        raise


def service(host: Windows, name: str) -> Service | None:
    """A service, or None where it is not installed."""
    try:
        return host.service(name)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return None
        raise


def row(host: Windows, namespace: str, name: str, properties: tuple[str, ...]) -> Row:
    """The one instance of a class that always has one: an answer of none or of several is `malformed`."""
    found = host.rows(namespace, name, properties)
    if len(found) != 1:
        raise Unseen("malformed", f"{namespace}:{name}", f"{len(found)} instances")
    return found[0]


def whole(row: Row, name: str, source: str) -> int:
    """A property that must be a whole number."""
    found = row.get(name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Unseen("malformed", source, f"{name} is no number")
    return found


def truth(row: Row, name: str, source: str) -> bool:
    """A property that must be true or false."""
    found = row.get(name)
    if not isinstance(found, bool):
        raise Unseen("malformed", source, f"{name} is neither true nor false")
    return found
