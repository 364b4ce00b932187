"""What policies and the registry say of Windows Firewall's profiles beside their state in effect ([MS-GPFAS] 2.2.3).

A policy names the profiles Domain, Private and Public; an older one has StandardProfile for the last two, which counts
only where neither has a key of its own. The machine's own store calls the private one StandardProfile.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Unseen
from collectors.door_windows import Windows, number, value

NAMES: Final = ("Domain", "Private", "Public")
POLICY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall"
OWN: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_OLDER: Final = "StandardProfile"


def policy(host: Windows, name: str) -> int | None:
    """Whether a policy turns a profile on (1) or off (0); None where none says."""
    key = f"{name}Profile"
    if name != "Domain" and not any(_is_there(host, rf"{POLICY}\{one}Profile") for one in NAMES[1:]):
        key = _OLDER
    return number(host, rf"{POLICY}\{key}", "EnableFirewall")


def demand_all_interfaces(host: Windows) -> None:
    """Raise `unsupported` where a profile leaves out interfaces: what they are connected to is not known."""
    keys = [rf"{POLICY}\{name}Profile" for name in NAMES]
    keys += [rf"{OWN}\{one}" for one in ("DomainProfile", _OLDER, "PublicProfile")]
    for key in keys:
        told = value(host, key, "DisabledInterfaces")
        if told is not None and told != "":
            raise Unseen("unsupported", key, "the firewall leaves out an interface")


def _is_there(host: Windows, key: str) -> bool:
    try:
        host.values(key)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return False
        raise
    return True
