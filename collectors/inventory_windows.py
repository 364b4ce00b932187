"""What the machine is: maker, model and serial number by its firmware, and its disks."""

from __future__ import annotations

from collectors import inventory as linux
from collectors.door import Unseen
from collectors.door_windows import Cell, Windows, row, whole
from collectors.findings import Findings, Json, Seen

FACTS = dict(linux.FACTS)
COMPUTER, BIOS, DISK = "Win32_ComputerSystem", "Win32_BIOS", "Win32_DiskDrive"
CIMV2 = "root/CIMV2"
REMOVABLE = 7
"""A capability of a drive: its medium can be taken out."""


def collect(host: Windows) -> Findings:
    """Maker, model, serial number, disks."""
    findings = Findings()
    findings.look("inventory.manufacturer", _text, host, COMPUTER, "Manufacturer")
    findings.look("inventory.model", _text, host, COMPUTER, "Model")
    findings.look("inventory.serial", _text, host, BIOS, "SerialNumber")
    findings.look("inventory.disks", _disks, host)
    return findings


def _text(host: Windows, name: str, wanted: str) -> Seen:
    told = _plain(row(host, CIMV2, name, (wanted,))[wanted])
    if told is None:
        raise Unseen("not_found", name, f"no {wanted}")
    return Seen(told, name)


def _disks(host: Windows) -> Seen:
    """The disks; what lies encrypted on them is told by volume. A machine without any is no answer."""
    rows = host.rows(
        CIMV2, DISK, ("DeviceID", "Model", "SerialNumber", "Size", "InterfaceType", "Capabilities")
    )
    if not rows:
        raise Unseen("malformed", DISK, "no disk")
    records: list[Json] = []
    for one in rows:
        capabilities = one["Capabilities"]
        takes_out = isinstance(capabilities, tuple) and REMOVABLE in capabilities
        records.append(
            {
                "name": str(one["DeviceID"]),
                "model": _plain(one["Model"]),
                "serial": _plain(one["SerialNumber"]),
                "size_bytes": 0 if one["Size"] is None else whole(one, "Size", DISK),
                "removable": takes_out or one["InterfaceType"] in ("USB", "1394"),
                "encrypted": None,
            }
        )
    return Seen(records, DISK)


def _plain(told: Cell) -> str | None:
    return str(told).strip() or None if told is not None else None
