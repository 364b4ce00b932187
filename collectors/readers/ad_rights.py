"""What the account that asks can see: a directory leaves out what it may not read, without a word.

Children of a container are seen by whoever has the right to list it. Only where that right is proven does an
empty answer mean "none"; the policies of the Password Settings Container are for domain administrators alone
unless somebody gave the right away.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, entry
from collectors.readers.ad_security import LIST_CHILDREN, READ_PROPERTY, aces, may
from collectors.readers.ad_values import sid


def list_is_whole(door: Directory, container: str) -> None:
    """`permission_denied` unless the account that asks provably sees every child of this container."""
    who = _who(door)
    source = f"nTSecurityDescriptor of {container}"
    descriptor = entry(door, container, ["nTSecurityDescriptor"]).one("nTSecurityDescriptor")
    if descriptor is None or not may(aces(descriptor, source), who, LIST_CHILDREN):
        raise Unseen("permission_denied", source, "the right to list the children is not proven")


def entry_is_whole(door: Directory, found: Entry) -> None:
    """`permission_denied` unless the account that asks provably reads every attribute of this entry.

    Its nTSecurityDescriptor must be among what was asked for. Attributes that are confidential are another matter.
    """
    who, source = _who(door), f"nTSecurityDescriptor of {found.dn}"
    descriptor = found.one("nTSecurityDescriptor")
    if descriptor is None or not may(aces(descriptor, source), who, READ_PROPERTY):
        raise Unseen("permission_denied", source, "the right to read all of it is not proven")


def _who(door: Directory) -> set[str]:
    who = {sid(value, "tokenGroups of the root DSE") for value in door.root.values("tokenGroups")}
    if not who:
        raise Unseen("permission_denied", "tokenGroups of the root DSE", "who asks is not told")
    return who
