"""The privileged groups of a domain, told by number, and who is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from collectors.door import Unseen
from collectors.door_directory import Directory
from collectors.readers import ad_objects
from collectors.readers import ad_values as values
from collectors.readers.ad_objects import Group

GROUPS: Final = {
    512: "domain_admins",
    518: "schema_admins",
    519: "enterprise_admins",
    526: "key_admins",
    527: "enterprise_key_admins",
    544: "administrators",
    548: "account_operators",
    549: "server_operators",
    550: "print_operators",
    551: "backup_operators",
}
ADMINISTRATORS: Final = frozenset({"domain_admins", "enterprise_admins", "administrators"})
_PROTECTED_USERS, _BUILT_IN = 525, "S-1-5-32-"


def privileged(door: Directory) -> Mapping[str, Group]:
    """The privileged groups that are there, by our word for them; those of a forest's root stand only there."""
    own = ad_objects.domain_identifier(door) + "-"
    found = {}
    for group in ad_objects.groups(door).values():
        if group.identifier.startswith((own, _BUILT_IN)) and values.rid(group.identifier) in GROUPS:
            found[GROUPS[values.rid(group.identifier)]] = group
    if not {"domain_admins", "administrators"} <= found.keys():
        raise Unseen("permission_denied", door.base, "not even the built-in groups show")
    return dict(sorted(found.items()))


def holders(door: Directory) -> Iterator[tuple[str, str, str]]:
    """Word of the group, path of group names, and name of the member's entry in lower case."""
    for word, group in privileged(door).items():
        for name, path in ad_objects.members(door, group):
            yield word, path, name


def protected(door: Directory) -> frozenset[str]:
    """Members of Protected Users, by the name of the entry in lower case."""
    known = ad_objects.groups(door).values()
    own = ad_objects.domain_identifier(door)
    groups = [one for one in known if one.identifier == f"{own}-{_PROTECTED_USERS}"]
    return frozenset(name for one in groups for name, _ in ad_objects.members(door, one))
