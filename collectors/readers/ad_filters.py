"""Which group policies a controller takes ([MS-GPOL] 3.2.5.1.6): version, switched-off halves, rights, WMI filters.

A policy is taken, not taken, or undecided: a WMI filter is a program that only the controller can run, and a policy
that does not show could say anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, cast

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, needed
from collectors.readers import ad_objects
from collectors.readers.ad_objects import Account
from collectors.readers.ad_security import CONTROL_ACCESS, READ_PROPERTY, Ace, aces

_ASKED: Final = (
    "cn displayName flags versionNumber gPCFunctionalityVersion gPCFileSysPath gPCMachineExtensionNames gPCWQLFilter"
    " nTSecurityDescriptor"
).split()
HIDDEN: Final = "it does not show"
_APPLY: Final = "edacfd8f-ffb3-11d1-b41d-00a0c968f939"
_COMPUTER_OFF, _FUNCTIONALITY = 2, 2
_GENERIC_ALL: Final = 0x10000000
_GENERIC_READ: Final = 0x80000000
_EVERY_CONTROLLER: Final = frozenset({"S-1-1-0", "S-1-5-2", "S-1-5-9", "S-1-5-11", "S-1-5-15"})
"""Everyone, network, controllers of the forest, whoever logged in, this organization."""


class Taken(NamedTuple):
    """`word` is taken, undecided or not taken; `why` tells people; the entry is None where it does not show."""

    word: str
    why: str
    entry: Entry | None


def policies(door: Directory) -> Mapping[str, Entry]:
    """Every group policy that shows, by the name of its entry in lower case."""
    if "ad.group_policies" not in door.cache:
        base = f"CN=Policies,CN=System,{door.base}"
        found = door.search(base, "(objectClass=groupPolicyContainer)", _ASKED)
        door.cache["ad.group_policies"] = {one.dn.lower(): one for one in found}
    return cast("Mapping[str, Entry]", door.cache["ad.group_policies"])


def taken(door: Directory, name: str, token: AbstractSet[str]) -> Taken:
    """Whether a controller with these identifiers takes a policy."""
    found = policies(door).get(name)
    if found is None:
        own = name.endswith(f",cn=policies,cn=system,{door.base.lower()}")
        return Taken("undecided", HIDDEN if own else "it is another domain's", None)
    try:
        needed(found, "cn", "versionNumber", "gPCFunctionalityVersion", "gPCFileSysPath")
        descriptor = found.one("nTSecurityDescriptor")
        if descriptor is None:
            return Taken("undecided", "its access list does not show", found)
        listed = aces(descriptor, f"nTSecurityDescriptor of {found.dn}")
        if found.number("gPCFunctionalityVersion") != _FUNCTIONALITY:
            return Taken("not taken", "of another kind", found)
        if (found.number("flags") or 0) & _COMPUTER_OFF:
            return Taken("not taken", "its settings for computers are switched off", found)
    except Unseen as unseen:
        return Taken("undecided", str(unseen), None)
    word, why = _granted(listed, token)
    if word == "taken" and found.values("gPCWQLFilter"):
        word, why = "undecided", "a WMI filter"
    return Taken(word, why, found)


def _granted(listed: tuple[Ace, ...] | None, token: AbstractSet[str]) -> tuple[str, str]:
    if listed is None:
        return "taken", ""
    mine = [one for one in listed if one.identifier in token and not one.inherit_only]
    applying = [
        one for one in mine
        if one.mask & _GENERIC_ALL or (one.mask & CONTROL_ACCESS and one.about in ("", _APPLY))
    ]  # fmt: skip
    if any(not one.allows and not one.is_conditional for one in applying):
        return "not taken", "denied"
    if not any(one.allows for one in applying):
        return "not taken", "not granted"
    reading = [one for one in mine if one.mask & (READ_PROPERTY | _GENERIC_READ | _GENERIC_ALL)]
    readable = any(one.allows and not one.is_scoped for one in reading)
    doubts = any(one.is_conditional for one in (*applying, *reading))
    if doubts or not readable or any(not one.allows for one in reading):
        return "undecided", "its access list is not simple"
    return "taken", ""


def token(door: Directory, controller: Account) -> AbstractSet[str]:
    """The identifiers of a controller: its own, those of everybody's groups and of all groups it is in."""
    known = ad_objects.groups(door)
    own = ad_objects.domain_identifier(door)
    held = {controller.identifier, f"{own}-{controller.primary_group}", *_EVERY_CONTROLLER}
    names = {controller.dn.lower(), *(n for n, one in known.items() if one.identifier in held)}
    foreign = f",cn=foreignsecurityprincipals,{door.base.lower()}"
    names |= {f"cn={who.lower()}{foreign}" for who in _EVERY_CONTROLLER}
    while True:
        more = {name for name, one in known.items() if names & {*one.members}} - names
        if not more:
            break
        names |= more
    return held | {known[name].identifier for name in names if name in known}


def label(found: Entry) -> str:
    """A policy's name for people, otherwise its identifier."""
    return found.text("displayName") or found.text("cn") or found.dn
