"""The disks of a Mac by diskutil(8): each physical one, and whether what lies on it is encrypted.

A chip encrypts the built-in disk without FileVault too and gives the key to whoever starts the Mac, so `FileVault` of
the volumes decides and not `Encryption`; of other disks the two together. Disk images and APFS containers are no disks
of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from collectors.door import Host, Mount, Unseen
from collectors.readers import macos_plist
from collectors.readers.once import once

LIST: Final = ("diskutil", "list", "-plist", "physical")
CONTAINERS: Final = ("diskutil", "apfs", "list", "-plist")
DISKS_MAX: Final = 32
_NAME: Final = re.compile(r"disk\d{1,4}")
_PART: Final = re.compile(r"(?:[^/]+@)?/dev/(disk\d{1,4}(?:s\d{1,4})*)")
"""A volume's device; that of a snapshot has its name before it."""
_PLAIN_KINDS: Final = frozenset({"msdos", "exfat", "ntfs"})
_NOBODYS: Final = frozenset({"System", "Preboot", "Recovery", "VM", "Update", "xART", "Hardware", "Prelogin"})
"""Roles of volumes that hold nothing of anybody's."""
_BESIDE: Final = frozenset(
    {"EFI", "Apple_APFS_ISC", "Apple_APFS_Recovery", "Apple_Boot", "Apple_partition_map"}
)
_PLAIN: Final = frozenset(
    {"Apple_HFS", "Microsoft Basic Data", "Windows_NTFS", "Windows_FAT_32", "DOS_FAT_32"}
)


@dataclass(frozen=True)
class Disk:
    """One physical disk; `encrypted` is None where that cannot be told."""

    name: str
    model: str | None
    size_bytes: int
    removable: bool
    encrypted: bool | None


def info(name: str) -> tuple[str, ...]:
    """The command that tells of one disk."""
    return ("diskutil", "info", "-plist", name)


def disks(host: Host) -> list[Disk]:
    """Every physical disk; read once per scan. Raises `Unseen`."""
    return once(host, _disks)


def _disks(host: Host) -> list[Disk]:
    told = host.run(LIST)
    listed = macos_plist.parse(told.stdout, told.source).get("AllDisksAndPartitions")
    if not isinstance(listed, list) or len(listed) > DISKS_MAX:
        raise Unseen("malformed", told.source, "no list of disks")
    found = []
    for entry in listed:
        name = entry.get("DeviceIdentifier") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Unseen("malformed", told.source, "a disk without a name")
        one = _disk(host, name, entry)
        found += [one] if one else []
    return found


def _disk(host: Host, name: str, entry: dict[str, Any]) -> Disk | None:
    told = host.run(info(name))
    known = macos_plist.parse(told.stdout, told.source)
    if known.get("BusProtocol") == "Disk Image":
        return None
    size, removable = known.get("TotalSize"), _is_removable(known)
    if not isinstance(size, int) or not isinstance(removable, bool):
        raise Unseen("malformed", told.source, "no size, or not whether it is removable")
    model = known.get("MediaName")
    encrypted = _encrypted(host, entry, removable)
    return Disk(name, model if isinstance(model, str) and model else None, size, removable, encrypted)


def _is_removable(known: dict[str, Any]) -> Any:
    """As releases since macOS 10.13 say it, else as older ones do."""
    return known.get("RemovableMediaOrExternalDevice", known.get("Removable"))


def is_encrypted(host: Host, mount: Mount) -> tuple[bool | None, bool]:
    """Whether a mounted volume is encrypted, None where that is not told; and whether it is a disk image.

    Raises `Unseen`.
    """
    name = _PART.fullmatch(mount.device)
    if name is None:
        return None, False
    told = host.run(info(name[1]))
    known = macos_plist.parse(told.stdout, told.source)
    if known.get("BusProtocol") == "Disk Image":
        return None, True
    if mount.kind in _PLAIN_KINDS:
        return False, False
    return (_state(known, _is_removable(known) is not False) if mount.kind == "apfs" else None), False


def _encrypted(host: Host, entry: dict[str, Any], removable: bool) -> bool | None:
    """Kleene's "all" over what lies on a disk: one part in the clear decides, one that is unknown leaves it so."""
    parts = entry.get("Partitions") or [entry]
    answers: set[bool | None] = set()
    for part in parts:
        kind = part.get("Content") if isinstance(part, dict) else None
        if kind == "Apple_APFS":
            answers |= _volumes(host, str(part.get("DeviceIdentifier")), removable)
        elif kind not in _BESIDE:
            answers.add(False if kind in _PLAIN else None)
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _volumes(host: Host, store: str, removable: bool) -> set[bool | None]:
    """Whether FileVault holds each volume of the container that lies on a partition."""
    try:
        told = host.run(CONTAINERS)
        listed = macos_plist.parse(told.stdout, told.source).get("Containers", [])
        volumes = [
            volume
            for one in listed
            if store in {each.get("DeviceIdentifier") for each in one["PhysicalStores"]}
            for volume in one["Volumes"]
            if not _NOBODYS.intersection(volume.get("Roles", []))
        ]
        return {_state(volume, removable) for volume in volumes} or {None}
    except (Unseen, AttributeError, KeyError, TypeError):
        return {None}


def _state(volume: dict[str, Any], removable: bool) -> bool | None:
    vault, encryption = volume.get("FileVault"), volume.get("Encryption")
    if not isinstance(vault, bool) or (not vault and removable and encryption is not False):
        return None
    return vault
