"""Removable storage: whether a stick that is plugged in would work, and what is plugged in now.

It is refused where a policy denies every removable class, or where both drivers of USB storage are disabled: with the
older one alone off, faster disks (UASP) still work. A driver that is not there yet comes with the first stick.
"""

from __future__ import annotations

from collectors import removable_media as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, number, service
from collectors.findings import Findings, Json, Seen
from collectors.inventory_windows import CIMV2, DISK

FACTS = {
    name: linux.FACTS[name] for name in ("removable_media.storage_allowed", "removable_media.devices_seen")
}
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"
POLICIES = r"HKLM\SOFTWARE\Policies"
DRIVERS = ("USBSTOR", "UASPStor")


def collect(host: Windows) -> Findings:
    """What would work, and what is there."""
    findings = Findings()
    findings.look("removable_media.storage_allowed", _storage_allowed, host)
    findings.look("removable_media.devices_seen", _devices_seen, host)
    return findings


def _storage_allowed(host: Windows) -> Seen:
    host.values(POLICIES)
    denied = number(host, POLICY, "Deny_All", 0) == 1
    drivers = [service(host, name) for name in DRIVERS]
    off = all(one is not None and one.start == "disabled" for one in drivers)
    return Seen(not (denied or off), POLICY, *(f"service {name}" for name in DRIVERS))


def _devices_seen(host: Windows) -> Seen:
    rows = host.rows(CIMV2, DISK, ("Model", "InterfaceType"))
    if not rows:  # Windows itself lies on one
        raise Unseen("malformed", DISK, "no disk")
    seen: list[Json] = [str(one["Model"] or "disk") for one in rows if one["InterfaceType"] == "USB"]
    return Seen(seen, DISK)
