"""Removable storage: whether a stick that is plugged in would work, and what is plugged in now.

It is refused where a policy denies every removable class, or where both drivers of USB storage are disabled: with the
older one alone off, faster disks (UASP) still work. A driver that is not there yet comes with the first stick.
What opens by itself (AutoPlay) is decided by the machine's policy, which overrules users'; without it each user
decides, and only those who are logged in have their settings loaded.
"""

from __future__ import annotations

from collectors import removable_media as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, number, service, subkeys
from collectors.findings import Findings, Json, Seen
from collectors.inventory_windows import CIMV2, DISK

FACTS = dict(linux.FACTS)
EXPLORER = r"Software\Microsoft\Windows\CurrentVersion\Policies\Explorer"
OWN_CHOICE = r"Software\Microsoft\Windows\CurrentVersion\Explorer\AutoplayHandlers"
KINDS = 0x4 | 0x8 | 0x20
"""Of drives: removable ones, those that look fixed (disks in USB cases), and discs."""
PERSONS = ("S-1-5-21-", "S-1-12-1-")
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"
POLICIES = r"HKLM\SOFTWARE\Policies"
DRIVERS = ("USBSTOR", "UASPStor")


def collect(host: Windows) -> Findings:
    """What would work, and what is there."""
    findings = Findings()
    findings.look("removable_media.storage_allowed", _storage_allowed, host)
    findings.look("removable_media.devices_seen", _devices_seen, host)
    findings.look("removable_media.automount", _automount, host)
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


def _automount(host: Windows) -> Seen:
    machine = rf"HKLM\{EXPLORER}"
    host.values(POLICIES)
    by_policy = number(host, machine, "NoDriveTypeAutoRun")
    if by_policy is not None:
        return Seen(by_policy & KINDS != KINDS, machine)
    for sid in subkeys(host, "HKU"):
        if sid.startswith(PERSONS) and not sid.endswith("_Classes"):
            chosen = number(host, rf"HKU\{sid}\{OWN_CHOICE}", "DisableAutoplay", 0) == 1
            told = number(host, rf"HKU\{sid}\{EXPLORER}", "NoDriveTypeAutoRun", 0) or 0
            if not chosen and told & KINDS != KINDS:
                return Seen(True, machine, rf"HKU\{sid}")
    raise Unseen("unsupported", machine, "no policy of the machine; users who are not logged in are not seen")
