"""What the hardware of a Mac is: model and serial number by system_profiler, the disks by diskutil."""

from __future__ import annotations

from typing import Any, Final

from collectors import inventory as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Json, Seen
from collectors.readers import macos_disks, macos_plist

FACTS = dict(linux.FACTS)
HARDWARE: Final = ("system_profiler", "-xml", "SPHardwareDataType")
MADE_BY_APPLE: Final = ("Mac", "iMac", "Xserve")


def collect(host: Host) -> Findings:
    """Maker, model, serial number and disks."""
    findings = Findings()
    findings.look("inventory.manufacturer", _manufacturer, host)
    findings.look("inventory.model", _field, host, "machine_model")
    findings.look("inventory.serial", _field, host, "serial_number")
    findings.look("inventory.disks", _disks, host)
    return findings


def _field(host: Host, key: str) -> Seen:
    told = host.run(HARDWARE)
    reports = macos_plist.records(told.stdout, told.source)
    items: Any = [item for one in reports for item in one.get("_items", [])]
    value = items[0].get(key) if items and isinstance(items[0], dict) else None
    if not isinstance(value, str) or not value.strip():
        raise Unseen("malformed" if not items else "not_found", told.source, f"no {key}")
    return Seen(value.strip(), told.source)


def _manufacturer(host: Host) -> Seen:
    """Apple, as the model's name shows; a virtual machine's may be its hypervisor's."""
    model = _field(host, "machine_model")
    if not str(model.value).startswith(MADE_BY_APPLE):
        raise Unseen("unsupported", model.sources[0], "another maker's model")
    return Seen("Apple", *model.sources)


def _disks(host: Host) -> Seen:
    records: list[Json] = [
        {
            "name": disk.name,
            "model": disk.model,
            "serial": None,
            "size_bytes": disk.size_bytes,
            "removable": disk.removable,
            "encrypted": disk.encrypted,
        }
        for disk in macos_disks.disks(host)
    ]
    if not records:
        raise Unseen("not_found", " ".join(macos_disks.LIST), "no disk")
    return Seen(records, " ".join(macos_disks.LIST), " ".join(macos_disks.CONTAINERS))
