"""Accounts and groups of an Active Directory domain, read once a scan and told apart by numbers alone.

A member of a group stands in `member`, or has the group as its primary group, which `member` leaves out.
Members of other domains stand as foreign security principals: identifiers without a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, cast

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, entry, needed
from collectors.readers import ad_values as values

_ACCOUNT: Final = (
    "objectClass objectSid sAMAccountName userAccountControl primaryGroupID pwdLastSet lastLogonTimestamp whenCreated"
    " servicePrincipalName adminCount accountExpires lastLogon dNSHostName operatingSystem msDS-AllowedToDelegateTo"
    " msDS-AllowedToActOnBehalfOfOtherIdentity msDS-SupportedEncryptionTypes"
).split()
_HEAD: Final = (
    "objectSid minPwdLength pwdHistoryLength maxPwdAge minPwdAge pwdProperties lockoutThreshold lockoutDuration"
    " lockOutObservationWindow ms-DS-MachineAccountQuota msDS-Behavior-Version"
    " msDS-ExpirePasswordsOnSmartCardOnlyAccounts"
).split()
_SECURITY_GROUP: Final = 0x80000000
_GLOBAL: Final = 0x2
_MACHINES: Final = values.WORKSTATION | values.DOMAIN_CONTROLLER


class Account(NamedTuple):
    """One account of a person, a service, a computer or a trust."""

    dn: str
    name: str
    identifier: str
    flags: int
    primary_group: int
    entry: Entry

    @property
    def rid(self) -> int:
        """The number that tells built-in accounts whatever they are called."""
        return values.rid(self.identifier)

    @property
    def enabled(self) -> bool:
        """It is not switched off."""
        return not self.flags & values.DISABLED

    @property
    def kind(self) -> str:
        """One of person, computer, controller, managed, trust; a service that logs in like a person is one."""
        if b"msDS-GroupManagedServiceAccount" in self.entry.values("objectClass") or (
            b"msDS-ManagedServiceAccount" in self.entry.values("objectClass")
        ):
            return "managed"
        if self.flags & values.TRUST_ACCOUNT:
            return "trust"
        if self.flags & (values.DOMAIN_CONTROLLER | values.READ_ONLY_CONTROLLER):
            return "controller"
        return "computer" if self.flags & _MACHINES else "person"

    @property
    def has_service_name(self) -> bool:
        """Whether Kerberos gives anybody a ticket that its password seals."""
        return bool(self.entry.values("servicePrincipalName"))

    @property
    def used_at(self) -> str | None:
        """Its last login as controllers tell each other (up to 14 days late) or as this one knows it; never: None."""
        known = (values.moment(self.entry, "lastLogonTimestamp"), values.moment(self.entry, "lastLogon"))
        return max((one for one in known if one), default=None)

    @property
    def last_seen_at(self) -> str:
        """When it was used last, or created where it never was. `permission_denied` where neither shows."""
        seen = self.used_at or values.created(self.entry)
        if not seen:
            raise Unseen("permission_denied", f"whenCreated of {self.dn}")
        return seen


class Group(NamedTuple):
    """One group; `members` are names of entries in lower case."""

    dn: str
    name: str
    identifier: str
    members: tuple[str, ...]
    is_global_security: bool


def head(door: Directory) -> Entry:
    """The domain itself, which also holds its password policy."""
    if "ad.head" not in door.cache:
        found = entry(door, door.base, _HEAD)
        needed(found, "objectSid")
        door.cache["ad.head"] = found
    return cast("Entry", door.cache["ad.head"])


def domain_identifier(door: Directory) -> str:
    """The identifier that those of all accounts of the domain begin with."""
    return values.sid(head(door).values("objectSid")[0], f"objectSid of {door.base}")


def accounts(door: Directory) -> tuple[Account, ...]:
    """Every account of the domain, by name. `permission_denied` where what makes an account does not show."""
    if "ad.accounts" not in door.cache:
        found = [_account(one) for one in door.search(door.base, "(objectClass=user)", _ACCOUNT)]
        if not any(one.rid == 500 for one in found):
            raise Unseen("permission_denied", door.base, "not even the built-in administrator shows")
        if not any(one.entry.values("lastLogonTimestamp") for one in found):
            raise Unseen("permission_denied", f"lastLogonTimestamp in {door.base}", "of no account at all")
        door.cache["ad.accounts"] = tuple(sorted(found, key=lambda one: (one.name.lower(), one.dn)))
    return cast("tuple[Account, ...]", door.cache["ad.accounts"])


def _account(found: Entry) -> Account:
    needed(found, "objectSid", "sAMAccountName", "userAccountControl", "primaryGroupID")
    return Account(
        found.dn,
        found.text("sAMAccountName") or "",
        values.sid(found.one("objectSid") or b"", f"objectSid of {found.dn}"),
        (found.number("userAccountControl") or 0) & 0xFFFFFFFF,
        found.number("primaryGroupID") or 0,
        found,
    )


def groups(door: Directory) -> Mapping[str, Group]:
    """Every group of the domain, by the name of its entry in lower case."""
    if "ad.groups" not in door.cache:
        asked = ["objectSid", "sAMAccountName", "member", "groupType"]
        found = [_group(one) for one in door.search(door.base, "(objectClass=group)", asked)]
        door.cache["ad.groups"] = {one.dn.lower(): one for one in found}
    return cast("Mapping[str, Group]", door.cache["ad.groups"])


def _group(found: Entry) -> Group:
    needed(found, "objectSid", "sAMAccountName", "groupType")
    kind = found.number("groupType") or 0
    return Group(
        found.dn,
        found.text("sAMAccountName") or "",
        values.sid(found.one("objectSid") or b"", f"objectSid of {found.dn}"),
        tuple(one.lower() for one in found.texts("member")),
        bool(kind & _SECURITY_GROUP and kind & _GLOBAL),
    )


def members(door: Directory, group: Group) -> Iterator[tuple[str, str]]:
    """Everyone in a group as (name of the entry in lower case, path of group names), nested ones too, each once.

    What is no group and no account of the domain comes as well: a foreign principal, a contact, a stranger.
    """
    known, by_primary = groups(door), _by_primary_group(door)
    seen, ahead = {group.dn.lower()}, [(group, group.name)]
    while ahead:
        here, path = ahead.pop()
        for name in (*here.members, *by_primary.get(values.rid(here.identifier), ())):
            if name in seen:
                continue
            seen.add(name)
            if name in known:
                ahead.append((known[name], f"{path} > {known[name].name}"))
            else:
                yield name, path


def _by_primary_group(door: Directory) -> Mapping[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for one in accounts(door):
        found.setdefault(one.primary_group, []).append(one.dn.lower())
    return {number: tuple(names) for number, names in found.items()}
