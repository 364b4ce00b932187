"""Disks as the kernel shows them under /sys/block, with what udev noted of them under /run/udev/data.

Left out is what is no disk of its own: loop devices, RAM, device mapper, RAID, optical and floppy drives, single
paths to a disk that has several (nvme0c0n1), and card readers without a card.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.once import once

BLOCKS: Final = "/sys/block"
SECTOR_BYTES: Final = 512

_NO_DISK: Final = re.compile(
    r"(?:loop|ram|zram|dm-|md|sr|fd|nbd|rbd|drbd|zd|bcache|ublk)\d*.*|mmcblk\d+(?:boot|rpmb).*|nvme\d+c\d+n\d+"
)


@dataclass(frozen=True)
class Disk:
    """One disk; model and serial are None where they are not told. `removable` counts everything on USB."""

    name: str
    model: str | None
    serial: str | None
    size_bytes: int
    removable: bool


def disks(host: Host) -> list[Disk]:
    """The disks by name. `offline_root` on a root."""
    return once(host, _disks)


def _disks(host: Host) -> list[Disk]:
    if host.offline:
        raise Unseen("offline_root", BLOCKS)
    found = [_disk(host, name) for name in host.list(BLOCKS) if not _NO_DISK.fullmatch(name)]
    return [disk for disk in found if disk.size_bytes > 0]


def _disk(host: Host, name: str) -> Disk:
    folder = f"{BLOCKS}/{name}"
    noted = _noted(host, folder)
    model = noted.get("ID_MODEL_ENC") or _word(host, f"{folder}/device/model", f"{folder}/device/name")
    serial = noted.get("ID_SERIAL_SHORT") or _word(host, f"{folder}/serial", f"{folder}/device/serial")
    sectors = _told(host, f"{folder}/size").strip() or "0"
    removable = _told(host, f"{folder}/removable").strip() == "1" or noted.get("ID_BUS") == "usb"
    size = int(sectors) * SECTOR_BYTES if sectors.isdecimal() else 0
    return Disk(name, _unescaped(model), serial or _page(host, folder), size, removable)


def _noted(host: Host, folder: str) -> dict[str, str]:
    """What udev keeps of a device: lines `E:ID_SERIAL_SHORT=…`."""
    number = _told(host, f"{folder}/dev").strip()
    lines = _told(host, f"/run/udev/data/b{number}").splitlines() if number else []
    return dict(line[2:].partition("=")[::2] for line in lines if line.startswith("E:"))


def _told(host: Host, path: str) -> str:
    """What decides whether a disk is there, and removable: "" only where it is known not to be told."""
    try:
        return host.text(path)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return ""
        raise


def _word(host: Host, *paths: str) -> str | None:
    for path in paths:
        try:
            text = host.text(path, 4096).strip("\0 \n")
        except Unseen:
            continue
        if text:
            return text
    return None


def _page(host: Host, folder: str) -> str | None:
    """The serial number out of a SCSI disk's page 0x80: four bytes of header, then ASCII."""
    try:
        data = host.read(f"{folder}/device/vpd_pg80", 4096)
    except Unseen:
        return None
    return data[4:].decode("ascii", "replace").strip("\0 ") or None


def _unescaped(text: str | None) -> str | None:
    """Blanks and other characters that udev wrote as a backslash, x and two hex digits."""
    plain = re.sub(r"\\x([0-9a-f]{2})", lambda code: chr(int(code[1], 16)), text or "")
    return " ".join(plain.split()) or None
