"""Mounted filesystems and swap, walked down to the devices that hold their bytes.

The walk follows /sys/dev/block and `slaves` (RAID, LVM, dm-crypt), so it proves what is mapped now; crypttab
is an intention. A device mapper uuid tells dm-crypt from dm-verity and dm-integrity, which encrypt nothing.
Every branch must pass an encrypting layer: half a mirror on plain disks is not encrypted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Mount, Unseen, glob
from collectors.readers.once import once

LOCAL_KINDS: Final = frozenset(
    "ext2 ext3 ext4 xfs btrfs f2fs jfs reiserfs nilfs2 bcachefs vfat exfat ntfs ntfs3 fuseblk hfsplus".split()
)
UNCLEAR_KINDS: Final = frozenset("zfs nfs nfs4 cifs smb3 ceph glusterfs 9p virtiofs ecryptfs".split())
BOOT: Final = ("/boot", "/boot/efi", "/efi")
_KINDS: Final = LOCAL_KINDS | UNCLEAR_KINDS
NUMBERS: Final = "/sys/dev/block"
BLOCKS: Final = "/sys/class/block"
SWAPS: Final = "/proc/swaps"
DEPTH_MAX: Final = 16

_ELSEWHERE: Final = ("loop", "nbd", "rbd", "drbd", "zd", "ublk")
"""Devices whose bytes rest in a file, a pool or on another machine."""

_ENCRYPTING: Final = {"LUKS1": "luks1", "LUKS2": "luks2", "PLAIN": "dm-crypt", "TCRYPT": "tcrypt"} | {
    "BITLK": "bitlocker",
    "LOOPAES": "loop-aes",
    "FVAULT2": "filevault2",
}


@dataclass(frozen=True)
class Volume:
    """One place where data rest. `encrypted` is None where the host cannot tell; `disks` lie below it."""

    mount: str
    role: str
    device: str
    encrypted: bool | None
    method: str | None
    disks: frozenset[str]
    source: str


@dataclass(frozen=True)
class _Layers:
    """What lies below a block device: whether every branch is encrypted, how, and on which disks."""

    encrypted: bool
    methods: frozenset[str]
    disks: frozenset[str]


def volumes(host: Host) -> list[Volume]:
    """Every volume, by mount point. `offline_root` on a root: nothing is mounted there."""
    return once(host, _volumes)


def _volumes(host: Host) -> list[Volume]:
    by_device: dict[str, Volume] = {}
    mounts = host.mounts()
    for mount in mounts:
        if (mount.kind in _KINDS and _is_place(host, mount.path)) or mount.path == "/":
            volume = _mounted(host, mount)
            key = volume.device if mount.kind in LOCAL_KINDS else f"{volume.device} {mount.path}"
            known = by_device.get(key)
            # One filesystem may be mounted in many places (bind mounts, subvolumes): its nearest to the top.
            if known is None or _rank(volume) < _rank(known):
                by_device[key] = volume
    found = [*by_device.values(), *_swaps(host, mounts)]
    return sorted(found, key=lambda one: (one.mount, one.device))


def _rank(volume: Volume) -> tuple[bool, int, str]:
    return volume.mount != "/", len(volume.mount), volume.mount


def _is_place(host: Host, path: str) -> bool:
    """A container's /etc/hosts is a file that its manager mounted: no volume of its own."""
    try:
        return host.stat(path).kind == "dir"
    except Unseen:
        return True


def _mounted(host: Host, mount: Mount) -> Volume:
    role = "system" if mount.path == "/" else "boot" if mount.path in BOOT else "data"
    if mount.kind == "ecryptfs":
        return Volume(mount.path, role, mount.device, True, "ecryptfs", frozenset(), "/proc/self/mountinfo")
    if mount.kind not in LOCAL_KINDS:
        return Volume(
            mount.path, role, mount.device, None, None, frozenset(), f"{mount.kind}: cannot be told here"
        )
    names = _devices(host, mount)
    return _volume(host, mount.path, role, mount.device, names, mount.kind)


def _volume(host: Host, path: str, role: str, device: str, names: list[str], kind: str) -> Volume:
    if not names:
        return Volume(path, role, device, None, None, frozenset(), f"{device}: no block device seen")
    below = [_layers(host, name) for name in names]
    disks = frozenset[str]().union(*(one.disks for one in below))
    source = f"{BLOCKS}/{names[0]}"
    if any(name.startswith(_ELSEWHERE) for name in disks):
        return Volume(path, role, device, None, None, disks, f"{source}: what lies behind it is not seen")
    encrypted = all(one.encrypted for one in below)
    methods = frozenset[str]().union(*(one.methods for one in below))
    if not encrypted and kind in ("ext4", "f2fs") and host.exists(f"{path.rstrip('/')}/.fscrypt"):
        return Volume(path, role, device, None, "fscrypt", disks, f"{path}: some folders may be encrypted")
    return Volume(
        path, role, device, encrypted, "+".join(sorted(methods)) or None if encrypted else None, disks, source
    )


def _devices(host: Host, mount: Mount) -> list[str]:
    """The kernel's names of the block devices of a mount; btrfs hides them and may span several."""
    name = _name(host, f"{NUMBERS}/{mount.number}") if mount.number else ""
    name = name or _by_path(host, mount.device)
    if mount.kind == "btrfs" and name:
        for path in glob(host, f"/sys/fs/btrfs/*/devices/{name}"):
            return list(host.list(path.rpartition("/")[0]))
    return [name] if name else []


def _by_path(host: Host, device: str) -> str:
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


def _layers(host: Host, name: str, depth: int = 0) -> _Layers:
    folder = f"{BLOCKS}/{name}"
    slaves = host.list(f"{folder}/slaves") if host.exists(f"{folder}/slaves") else ()
    if depth > DEPTH_MAX:
        raise Unseen("malformed", folder, "devices nested too deep")
    below = [_layers(host, slave, depth + 1) for slave in slaves]
    disks = frozenset[str]().union(*(one.disks for one in below)) or frozenset({_disk(host, name)})
    method = _method(host, folder)
    if method:
        return _Layers(True, frozenset({method}), disks)
    methods = frozenset[str]().union(*(one.methods for one in below))
    return _Layers(bool(below) and all(one.encrypted for one in below), methods, disks)


def _method(host: Host, folder: str) -> str:
    """The encrypting layer that a device is, by its device mapper uuid: `CRYPT-LUKS2-…`."""
    path = f"{folder}/dm/uuid"
    if not host.exists(path):
        return ""
    kind, _, rest = host.text(path).strip().partition("-")
    return _ENCRYPTING.get(rest.partition("-")[0], "") if kind == "CRYPT" else ""


def _disk(host: Host, name: str) -> str:
    """The whole disk that a partition belongs to."""
    if host.exists(f"{BLOCKS}/{name}/partition"):
        for path in glob(host, f"/sys/block/*/{name}"):
            return path.split("/")[3]
    return name


def _swaps(host: Host, mounts: tuple[Mount, ...]) -> Iterator[Volume]:
    """Swap on disk; zram is memory. A swap file lies on the filesystem that holds it."""
    for line in host.text(SWAPS).splitlines()[1:]:
        path, kind = [*line.split(), "", ""][:2]
        path = path.replace("\\040", " ")
        if not path or "/zram" in path:
            continue
        if kind == "file":
            below = [one for one in mounts if path.startswith(one.path.rstrip("/") + "/")]
            holder = _mounted(host, max(below, key=lambda one: len(one.path))) if below else None
            if holder:
                state = holder.encrypted, holder.method, holder.disks, holder.source
                yield Volume(path, "swap", holder.device, *state)
            continue
        name = _by_path(host, path)
        yield _volume(host, path, "swap", path, [name] if name else [], "swap")
