"""Removable media of a Mac: whether a USB stick would work, and what is plugged in now.

macOS itself refuses sticks only by a declaration of a device management server, which stands in no file that can be
read. So where none manages the Mac they work, and where one does it is not known.
"""

from __future__ import annotations

from collectors import removable_media as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import macos_disks, macos_enrolment

FACTS = {
    name: linux.FACTS[name] for name in ("removable_media.storage_allowed", "removable_media.devices_seen")
}


def collect(host: Host) -> Findings:
    """The disks by diskutil, refusal by the enrolment that it would need."""
    findings = Findings()
    findings.look("removable_media.storage_allowed", _storage_allowed, host)
    findings.look("removable_media.devices_seen", _devices_seen, host)
    return findings


def _storage_allowed(host: Host) -> Seen:
    told = macos_enrolment.enrolment(host)
    if told.enrolled:
        raise Unseen("unsupported", told.source, "what the management server declares is not seen")
    return Seen(True, told.source)


def _devices_seen(host: Host) -> Seen:
    found = sorted(disk.model or disk.name for disk in macos_disks.disks(host) if disk.removable)
    return Seen([*found], " ".join(macos_disks.LIST))
