"""What the machine is: maker, model and serial number by its firmware, and its disks.

A disk is encrypted where BitLocker encrypts every partition that may hold data of users: not those that only start
the machine or repair it. A partition that BitLocker knows nothing of leaves the disk open (null).
"""

from __future__ import annotations

from collectors import encryption_windows
from collectors import inventory as linux
from collectors.door import Unseen
from collectors.door_windows import Cell, Row, Windows, row, whole
from collectors.findings import Findings, Json, Seen

FACTS = dict(linux.FACTS)
STORAGE, PARTITION = "root/Microsoft/Windows/Storage", "MSFT_Partition"
WITHOUT_DATA = frozenset(
    {
        "{c12a7328-f81f-11d2-ba4b-00a0c93ec93b}",  # EFI system partition
        "{e3c9e316-0b5c-4db8-817d-f92df00215ae}",  # Microsoft reserved partition
        "{de94bba4-06d1-4d40-a16a-bfd50179d6ac}",  # recovery tools
    }
)
MBR_RECOVERY = 0x27
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
    asked = ("DeviceID", "Index", "Model", "SerialNumber", "Size", "InterfaceType", "Capabilities")
    rows = host.rows(CIMV2, DISK, asked)
    if not rows:
        raise Unseen("malformed", DISK, "no disk")
    records: list[Json] = []
    states = _states(host)
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
                "encrypted": _whole_disk(states.get(one["Index"], [])),
            }
        )
    return Seen(records, DISK, PARTITION, encryption_windows.SOURCE)


def _states(host: Windows) -> dict[Cell, list[bool | None]]:
    """By number of disk: of each partition that may hold data whether it is encrypted; none where nobody may see it."""
    found: dict[Cell, list[bool | None]] = {}
    try:
        held = {str(one["DeviceID"]).lower(): one for one in encryption_windows.volumes(host)}
        for one in host.rows(
            STORAGE, PARTITION, ("DiskNumber", "AccessPaths", "GptType", "MbrType", "IsActive")
        ):
            paths = one["AccessPaths"] if isinstance(one["AccessPaths"], tuple) else ()
            if _may_hold_data(one, paths):
                volumes = [held[each] for each in map(str.lower, map(str, paths)) if each in held]
                state = encryption_windows.is_encrypted(volumes[0]) if volumes else None
                found.setdefault(one["DiskNumber"], []).append(state)
    except Unseen:
        return {}
    return found


def _may_hold_data(one: Row, paths: tuple[int | str, ...]) -> bool:
    if str(one["GptType"]).lower() in WITHOUT_DATA or one["MbrType"] == MBR_RECOVERY:
        return False
    starts = (
        bool(one["MbrType"]) and one["IsActive"] is True
    )  # the small one that starts the machine has no letter
    return not (starts and all(str(each).startswith("\\\\?") for each in paths))


def _whole_disk(states: list[bool | None]) -> bool | None:
    if False in states:
        return False
    return None if None in states or not states else True


def _plain(told: Cell) -> str | None:
    return str(told).strip() or None if told is not None else None
