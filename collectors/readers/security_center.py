"""What has registered with Windows' security centre (clients alone have one), by the bits of its state.

The state is undocumented and well known: its second byte says 0x10 where the product is on, its third 0x10 where its
definitions are old.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from collectors import host_windows
from collectors.door import Unseen
from collectors.door_windows import Windows, whole

NAMESPACE: Final = "root/SecurityCenter2"
ANTIVIRUS: Final = "AntiVirusProduct"
FIREWALL: Final = "FirewallProduct"
DEFENDER: Final = "{d68ddc3a-831f-4fae-9e44-da132c1acf46}"
"""Microsoft Defender's own registration, the same on every machine."""


class Registered(NamedTuple):
    """A product: its name, its identifier (lower case), whether it is on, and whether its definitions are current."""

    name: str
    guid: str
    on: bool
    current: bool


def products(host: Windows, kind: str) -> tuple[Registered, ...]:
    """The registered products of a kind; () on a server, which has no security centre."""
    source = f"{NAMESPACE}:{kind}"
    try:
        rows = host.rows(NAMESPACE, kind, ("displayName", "instanceGuid", "productState"))
    except Unseen as unseen:
        if unseen.reason == "not_found" and host_windows.role(host) != "workstation":
            return ()
        raise
    found = []
    for one in rows:
        state = whole(one, "productState", source)
        on, current = (state >> 12) & 0xF == 1, (state >> 4) & 0xF == 0
        found.append(Registered(str(one["displayName"]), str(one["instanceGuid"]).lower(), on, current))
    return tuple(found)
