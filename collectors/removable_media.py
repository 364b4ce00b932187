"""Removable media: whether a USB stick would work, whether it would open by itself, what is plugged in now.

Storage is refused when the kernel has no usb-storage, or loading it is made to fail (`install usb-storage
/bin/false`). A `blacklist` line alone keeps udev from loading it, but UAS sticks pull it in as a dependency, so
uas must be listed too. A module that is loaded already works on. USBGuard refuses by its own rules, and the
kernel by `usbcore.authorized_default=0`. SD card readers and phones are other drivers: they are not judged.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Fact, Findings, Seen
from collectors.readers import container, disks, modprobe, packages, usbguard

FACTS = {
    "removable_media.storage_allowed": Fact("bool", "a USB storage device that is plugged in would work"),
    "removable_media.devices_seen": Fact("list[str]", "removable disks that are plugged in now"),
    "removable_media.automount": Fact("bool", "something opens a plugged-in medium by itself"),
}
MODULE: Final = "usb-storage"
COMPANION: Final = "uas"
AUTHORISED: Final = "/sys/bus/usb/devices/usb*/authorized_default"
MOUNTERS: Final = ("udisks2", "usbmount", "udiskie", "udevil")
DCONF: Final = "/etc/dconf/db/*.d/*"


def collect(host: Host) -> Findings:
    """Modules and their rules by files, devices by sysfs, automatic mounting by packages and settings."""
    findings = Findings()
    findings.look("removable_media.storage_allowed", _storage_allowed, host)
    findings.look("removable_media.devices_seen", _devices_seen, host)
    findings.look("removable_media.automount", _automount, host)
    return findings


def _storage_allowed(host: Host) -> Seen:
    if container.kind(host):
        raise Unseen("unsupported", "/sys/module", "a container's devices are its host's")
    rules = modprobe.rules(host)
    if not host.offline:
        if modprobe.is_loaded(host, MODULE):
            return _unless_guarded(host, f"/sys/module/{modprobe.canonical(MODULE)}")
        if modprobe.canonical(MODULE) in modprobe.forbidden_at_boot(host):
            return Seen(False, modprobe.COMMAND_LINE)
        if modprobe.is_locked(host):
            return Seen(False, modprobe.LOCK)
    instead, beside = rules.command(MODULE), rules.command(COMPANION)
    if instead and modprobe.does_nothing(instead[0]) and (not beside or modprobe.does_nothing(beside[0])):
        return Seen(False, instead[1])
    listed = [rules.blacklist.get(modprobe.canonical(name)) for name in (MODULE, COMPANION)]
    if all(listed):
        return Seen(False, *(path for path in listed if path))
    if not modprobe.is_available(host, MODULE):
        return Seen(False, modprobe.MODULES[0])
    return _unless_guarded(host, *modprobe.FOLDERS[:1])


def _unless_guarded(host: Host, *sources: str) -> Seen:
    """Allowed, unless USBGuard refuses it, or the kernel authorises no new device on any port."""
    if usbguard.is_at_work(host):
        return Seen(not usbguard.refuses_storage(host), usbguard.SETTINGS, usbguard.RULES)
    ports = [] if host.offline else glob(host, AUTHORISED)
    if ports and all(host.text(path).strip() in ("0", "2") for path in ports):  # 2: only what is built in
        return Seen(False, *ports)
    return Seen(True, *sources)


def _devices_seen(host: Host) -> Seen:
    if container.kind(host):
        raise Unseen("unsupported", disks.BLOCKS, "a container's devices are its host's")
    found = [disk for disk in disks.disks(host) if disk.removable]
    names = [" ".join(filter(None, (disk.model or disk.name, disk.serial))) for disk in found]
    return Seen([*sorted(names)], disks.BLOCKS)


def _automount(host: Host) -> Seen:
    found = packages.installed(host)
    mounter = next((name for name in MOUNTERS if name in found.by_name), None)
    if mounter is None:
        return Seen(False, found.source)
    off = r"^[ \t]*automount\s*=\s*false"
    for path in glob(host, DCONF) if mounter == "udisks2" else ():
        if host.stat(path).kind == "file" and re.search(off, host.text(path), re.MULTILINE):
            return Seen(False, path, f"package {mounter}")
    desktop = glob(host, "/usr/share/xsessions/*.desktop") or glob(
        host, "/usr/share/wayland-sessions/*.desktop"
    )
    if mounter == "udisks2" and not desktop:
        return Seen(False, f"package {mounter}, and no desktop that would use it")
    return Seen(True, f"package {mounter}")
