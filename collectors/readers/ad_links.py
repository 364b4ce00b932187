"""Which group policies are linked for a domain controller, strongest claim first ([MS-GPOL] 2.2.2, 3.2.5.1.5).

Site, domain, then units from the outermost in: the later one wins, and in one list of links the last. Enforced links go
before all others, the outermost first, and pass what blocks inheritance. Held to Samba's own list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, entry, needed
from collectors.readers import ad_objects, ad_rights
from collectors.readers.ad_objects import Account

_ASKED: Final = ["objectClass", "gPLink", "gPOptions", "nTSecurityDescriptor"]
_LINK: Final = re.compile(r"\[ldap://([^;\[\]]+);(\d{1,10})\]", re.IGNORECASE)
_DISABLED, _ENFORCED, _BLOCKS = 1, 2, 1
_PARTS: Final = re.compile(r"(?<!\\),")


class Link(NamedTuple):
    """One link that is not disabled: the policy's name in lower case, and where it is linked."""

    policy: str
    enforced: bool
    where: str


def linked(door: Directory, controller: Account) -> tuple[Link, ...]:
    """The links for one controller, strongest claim first. Raises `Unseen` where a place may hide some."""
    enforced: list[Link] = []
    ordinary: list[Link] = []
    is_blocked = False
    for place in [*_places(controller.dn, door.base), _site(door, controller)]:
        if place is None:
            continue
        links, blocks = _of_place(door, place)
        enforced = [*(one for one in links if one.enforced), *enforced]
        if not is_blocked:
            ordinary += [one for one in links if not one.enforced]
        is_blocked = is_blocked or blocks
    return (*enforced, *ordinary)


def _places(name: str, base: str) -> list[str]:
    """The names above an entry up to the domain, innermost first; containers that are no units carry no links."""
    if not name.lower().endswith("," + base.lower()):
        raise Unseen("malformed", base, "a controller outside of the domain")
    parts = _PARTS.split(name)
    depth = len(parts) - len(_PARTS.split(base))
    above = [",".join(parts[at:]) for at in range(1, depth)]
    return [*(one for one in above if one.lower().startswith("ou=")), base]


def _site(door: Directory, controller: Account) -> str | None:
    """The site that a controller stands in: two names above the server that refers to it.

    None where no site carries links, wherever it stands then.
    """
    servers, sites = _sites(door)
    if controller.dn.lower() in servers:
        return servers[controller.dn.lower()]
    if any(one.values("gPLink") for one in sites):
        raise Unseen("not_found", f"serverReference of {controller.dn}", "its site is not told")
    for one in sites:
        ad_rights.entry_is_whole(door, one)
    return None


def _sites(door: Directory) -> tuple[Mapping[str, str], tuple[Entry, ...]]:
    if "ad.sites" not in door.cache:
        (configuration,) = door.root.texts("configurationNamingContext") or ("",)
        base = f"CN=Sites,{configuration}"
        servers = {
            (one.text("serverReference") or "").lower(): ",".join(_PARTS.split(one.dn)[2:])
            for one in door.search(base, "(objectClass=server)", ["serverReference"])
        }
        door.cache["ad.sites"] = servers, door.search(base, "(objectClass=site)", _ASKED)
    return cast("tuple[Mapping[str, str], tuple[Entry, ...]]", door.cache["ad.sites"])


def _of_place(door: Directory, place: str) -> tuple[list[Link], bool]:
    """The links of one place, strongest first, and whether it blocks those from above."""
    key = f"ad.links {place.lower()}"
    if key not in door.cache:
        found = entry(door, place, _ASKED)
        needed(found, "objectClass")
        ad_rights.entry_is_whole(door, found)
        door.cache[key] = _links(found), bool((found.number("gPOptions") or 0) & _BLOCKS)
    return cast("tuple[list[Link], bool]", door.cache[key])


def _links(found: Entry) -> list[Link]:
    told = (found.text("gPLink") or "").strip()
    if _LINK.sub("", told).strip():
        raise Unseen("malformed", f"gPLink of {found.dn}", "no list of links")
    listed = [
        Link(name.lower(), bool(int(options) & _ENFORCED), found.dn)
        for name, options in _LINK.findall(told)
        if not int(options) & _DISABLED
    ]
    return listed[::-1]


def controllers(door: Directory) -> tuple[Account, ...]:
    """The domain's controllers that are not switched off, those that only read too."""
    found = tuple(one for one in ad_objects.accounts(door) if one.kind == "controller" and one.enabled)
    if not found:
        raise Unseen("permission_denied", door.base, "not even one controller shows")
    return found


def followers(door: Directory) -> tuple[Account, ...]:
    """The same, where each does what group policies say.

    `unsupported` otherwise: Samba's controllers take their signing and auditing from a file of their own.
    """
    found = controllers(door)
    for one in found:
        if "windows" not in (one.entry.text("operatingSystem") or "").lower():
            raise Unseen("unsupported", one.dn, "not told to be Windows: group policies do not bind it")
    return found
