"""What the hardware is: manufacturer, model, serial number, and every disk.

The firmware's serial number may be read by root alone; a virtual machine often has none. A container shows its
outer host's hardware, so nothing is said there.
"""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import container, disks, volumes

FACTS = {
    "inventory.manufacturer": Fact("str", "who made the machine, as the firmware says"),
    "inventory.model": Fact("str", "the machine's model, as the firmware says"),
    "inventory.serial": Fact("str", "the machine's serial number, as the firmware says"),
    "inventory.disks": Fact(
        "records{name: str, model: str?, serial: str?, size_bytes: int, removable: bool, encrypted: bool?}",
        "disks; encrypted: everything mounted from it but /boot is (null where nothing is mounted)",
    ),
}
DMI = "/sys/class/dmi/id"
TREE = "/proc/device-tree"
FIRMWARE = {
    "inventory.manufacturer": (f"{DMI}/sys_vendor",),
    "inventory.model": (f"{DMI}/product_name", f"{TREE}/model"),
    "inventory.serial": (f"{DMI}/product_serial", f"{TREE}/serial-number"),
}


def collect(host: Host) -> Findings:
    """The machine by DMI or the device tree, the disks by sysfs."""
    findings = Findings()
    for name, paths in FIRMWARE.items():
        findings.look(name, _firmware, host, paths)
    findings.look("inventory.disks", _disks, host)
    return findings


def _firmware(host: Host, paths: tuple[str, ...]) -> Seen:
    _has_hardware(host, paths[0])
    for path in paths:
        if host.exists(path):
            text = host.text(path, 4096).strip("\0 \n")
            if text:
                return Seen(text, path)
    raise Unseen("not_found", ", ".join(paths), "the firmware does not say")


def _disks(host: Host) -> Seen:
    _has_hardware(host, disks.BLOCKS)
    records: list[Json] = [
        {
            "name": disk.name,
            "model": disk.model,
            "serial": disk.serial,
            "size_bytes": disk.size_bytes,
            "removable": disk.removable,
            "encrypted": _encrypted(host, disk.name),
        }
        for disk in disks.disks(host)
    ]
    return Seen(records, disks.BLOCKS, "/run/udev/data")


def _encrypted(host: Host, name: str) -> bool | None:
    """Kleene's "all" over the volumes on a disk: one in the clear decides, one that is unknown leaves it so."""
    try:
        found = [one for one in volumes.volumes(host) if name in one.disks and one.role != "boot"]
    except Unseen:
        return None
    answers = {one.encrypted for one in found}
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _has_hardware(host: Host, source: str) -> None:
    if host.offline:
        raise Unseen("offline_root", source)
    if container.kind(host):
        raise Unseen("unsupported", source, "a container has no hardware of its own")
