"""Block devices, walked down to the disks that hold their bytes, and whether each way passes an encrypting layer.

The walk follows /sys/dev/block and `slaves` (RAID, LVM, dm-crypt), so it proves what is mapped now; crypttab
is an intention. A device mapper uuid tells dm-crypt from dm-verity and dm-integrity, which encrypt nothing, and
the mapper's table tells a real cipher from none. Every branch must pass an encrypting layer: half a mirror on plain
disks is not encrypted. A loop device's bytes rest where its file does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from collectors.door import Host, Mount, Unseen, glob
from collectors.readers import mapper

UNCLEAR_KINDS: Final = frozenset("zfs nfs nfs4 cifs smb3 ceph glusterfs 9p virtiofs ecryptfs".split())
READ_ONLY_KINDS: Final = frozenset("squashfs iso9660 erofs udf cramfs romfs".split())
NUMBERS: Final = "/sys/dev/block"
BLOCKS: Final = "/sys/class/block"
DEPTH_MAX: Final = 16

_ELSEWHERE: Final = ("loop", "nbd", "rbd", "drbd", "zd", "ublk", "dm-")
"""Devices whose bytes rest in a file, a pool or on another machine, where nothing is seen below them."""

_ENCRYPTING: Final = {"LUKS1": "luks1", "LUKS2": "luks2", "PLAIN": "dm-crypt", "TCRYPT": "tcrypt"} | {
    "BITLK": "bitlocker",
    "LOOPAES": "loop-aes",
    "FVAULT2": "filevault2",
}


@dataclass(frozen=True)
class Layers:
    """What lies below a block device: whether every branch is encrypted, how, on which disks, by which mappings."""

    encrypted: bool | None
    methods: frozenset[str]
    disks: frozenset[str]
    mappings: frozenset[str] = frozenset()


def is_local(mount: Mount) -> bool:
    """Whether a filesystem lies on a block device of this host that can be written."""
    return (
        mount.device.startswith("/dev/")
        and mount.kind not in READ_ONLY_KINDS | UNCLEAR_KINDS
        and not mount.kind.startswith("fuse.")
    )


def devices(host: Host, mount: Mount) -> list[str]:
    """The kernel's names of the block devices of a mount; btrfs hides them and may span several."""
    name = _name(host, f"{NUMBERS}/{mount.number}") if mount.number else ""
    name = name or by_path(host, mount.device)
    if mount.kind == "btrfs" and name:
        for path in glob(host, f"/sys/fs/btrfs/*/devices/{name}"):
            return list(host.list(path.rpartition("/")[0]))
    return [name] if name else []


def by_path(host: Host, device: str) -> str:
    """The kernel's name of a path such as /dev/sda2, /dev/mapper/root or /dev/disk/by-uuid/…."""
    stem = device.removeprefix("/dev/")
    if "/" not in stem and host.exists(f"{BLOCKS}/{stem}"):
        return stem
    if stem.startswith("mapper/"):
        for path in glob(host, f"{BLOCKS}/dm-*/dm/name"):
            if host.text(path).strip() == stem.removeprefix("mapper/"):
                return path.split("/")[4]
    return ""


def _name(host: Host, folder: str) -> str:
    """The name of a block device by its folder in sysfs."""
    try:
        lines = host.text(f"{folder}/uevent").splitlines()
    except Unseen:
        return ""
    return dict(line.partition("=")[::2] for line in lines).get("DEVNAME", "").replace("/", "!")


def below(host: Host, name: str, depth: int = 0) -> Layers:
    """What lies below a block device, by its name in the kernel; itself where nothing does."""
    folder = f"{BLOCKS}/{name}"
    if depth > DEPTH_MAX:
        raise Unseen("malformed", folder, "devices nested too deep")
    disk = _disk(host, name)
    slaves = host.list(f"{folder}/slaves") if host.exists(f"{folder}/slaves") else ()
    parts = [*slaves] or _behind_loop(host, disk)
    if parts:
        found = together([below(host, one, depth + 1) for one in parts])
    else:
        found = Layers(None if disk.startswith(_ELSEWHERE) else False, frozenset(), frozenset({disk}))
    try:
        name, method = _mapping(host, folder)
    except Unseen as unseen:
        if unseen.reason not in ("permission_denied", "tool_missing"):
            raise
        return replace(found, encrypted=found.encrypted or None)
    return Layers(True, frozenset({method}), found.disks, frozenset({name})) if method else found


def together(layers: list[Layers]) -> Layers:
    """Kleene's "all" over branches: one in the clear decides, one that is not seen leaves it open."""
    answers = {one.encrypted for one in layers}
    encrypted = False if False in answers else None if None in answers or not answers else True
    methods = frozenset[str]().union(*(one.methods for one in layers))
    disks = frozenset[str]().union(*(one.disks for one in layers))
    return Layers(encrypted, methods, disks, frozenset[str]().union(*(one.mappings for one in layers)))


def _behind_loop(host: Host, name: str) -> list[str]:
    """The devices that hold a loop device's file."""
    path = f"{BLOCKS}/{name}/loop/backing_file"
    if not name.startswith("loop") or not host.exists(path):
        return []
    mount = holder(host.mounts(), host.text(path).strip().removesuffix(" (deleted)"))
    return devices(host, mount) if mount and is_local(mount) else []


def holder(mounts: tuple[Mount, ...], path: str) -> Mount | None:
    """The filesystem that a path lies on: of two at one place, the later one."""
    under = (at for at, one in enumerate(mounts) if path.startswith(one.path.rstrip("/") + "/"))
    at = max(under, key=lambda at: (len(mounts[at].path), at), default=None)
    return None if at is None else mounts[at]


def _mapping(host: Host, folder: str) -> tuple[str, str]:
    """Name and encrypting layer of a device, by its device mapper uuid (`CRYPT-LUKS2-…`) and its table; "" for none."""
    path = f"{folder}/dm/uuid"
    if not host.exists(path):
        return "", ""
    kind, _, rest = host.text(path).strip().partition("-")
    method = _ENCRYPTING.get(rest.partition("-")[0], "") if kind == "CRYPT" else ""
    name = host.text(f"{folder}/dm/name").strip() if method and host.exists(f"{folder}/dm/name") else ""
    if method and not rest.startswith("LUKS2-OPAL-"):  # there the disk itself encrypts
        return name, method if mapper.is_encrypted(host, name) else ""
    return name, method


def _disk(host: Host, name: str) -> str:
    """The whole disk that a partition belongs to."""
    if host.exists(f"{BLOCKS}/{name}/partition"):
        for path in glob(host, f"/sys/block/*/{name}"):
            return path.split("/")[3]
    return name
