"""Mounted filesystems and swap, and whether the devices that hold their bytes are encrypted (`readers.layers`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from collectors.door import Host, Mount, Unseen
from collectors.readers import crypttab, layers
from collectors.readers.once import once

BOOT: Final = ("/boot", "/efi")
SWAPS: Final = "/proc/swaps"
KEYS_MAX: Final = 4
"""Volumes whose keys lie one on another."""


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
    mappings: frozenset[str] = frozenset()


def volumes(host: Host) -> list[Volume]:
    """Every volume, by mount point. `offline_root` on a root: nothing is mounted there."""
    return once(host, _volumes)


def _volumes(host: Host) -> list[Volume]:
    by_device: dict[str, Volume] = {}
    mounts = host.mounts()
    for mount in mounts:
        if (_holds_data(mount) and _is_place(host, mount.path)) or mount.path == "/":
            volume = _mounted(host, mount)
            key = volume.device if layers.is_local(mount) else f"{volume.device} {mount.path}"
            known = by_device.get(key)
            # One filesystem may be mounted in many places (bind mounts, subvolumes): its nearest to the top.
            if known is None or _rank(volume) < _rank(known):
                by_device[key] = volume
    found = [*by_device.values(), *_swaps(host, mounts)]
    found = [_with_key(host, mounts, one) for one in found]
    return sorted(found, key=lambda one: (one.mount, one.device))


def _with_key(host: Host, mounts: tuple[Mount, ...], volume: Volume, left: int = KEYS_MAX) -> Volume:
    """The volume; in the clear if a key that opens it by itself lies there too, behind whatever other keys."""
    for name in sorted(volume.mappings) if volume.encrypted and left else ():
        try:
            path = crypttab.key_file(host, name)
        except Unseen as unseen:
            return replace(volume, encrypted=None, method=None, source=f"{unseen.source}: {unseen.reason}")
        holder = layers.holder(mounts, path) if path else None
        if holder and _with_key(host, mounts, _mounted(host, holder), left - 1).encrypted is False:
            source = f"{crypttab.CRYPTTAB}: {path} opens it and is not encrypted"
            return replace(volume, encrypted=False, method=None, source=source)
    return volume


def _rank(volume: Volume) -> tuple[bool, int, str]:
    return volume.mount != "/", len(volume.mount), volume.mount


def _holds_data(mount: Mount) -> bool:
    return layers.is_local(mount) or mount.kind in layers.UNCLEAR_KINDS


def _is_place(host: Host, path: str) -> bool:
    """A container's /etc/hosts is a file that its manager mounted: no volume of its own."""
    try:
        return host.stat(path).kind == "dir"
    except Unseen:
        return True


def _mounted(host: Host, mount: Mount) -> Volume:
    is_boot = any(f"{mount.path}/".startswith(f"{path}/") for path in BOOT)
    role = "system" if mount.path == "/" else "boot" if is_boot else "data"
    if mount.kind == "ecryptfs":
        return Volume(mount.path, role, mount.device, True, "ecryptfs", frozenset(), "/proc/self/mountinfo")
    if not layers.is_local(mount):
        return Volume(
            mount.path, role, mount.device, None, None, frozenset(), f"{mount.kind}: cannot be told here"
        )
    names = layers.devices(host, mount)
    return _volume(host, mount.path, role, mount.device, names, mount.kind)


def _volume(host: Host, path: str, role: str, device: str, names: list[str], kind: str) -> Volume:
    if not names:
        return Volume(path, role, device, None, None, frozenset(), f"{device}: no block device seen")
    below = layers.together([layers.below(host, name) for name in names])
    source = f"{layers.BLOCKS}/{names[0]}"
    if below.encrypted is None:
        source = f"{source}: what lies behind it is not seen"
        return Volume(path, role, device, None, None, below.disks, source)
    if not below.encrypted and (own := _own_encryption(host, path, role, kind)):
        return Volume(path, role, device, None, own, below.disks, f"{path}: some of it may be encrypted")
    method = "+".join(sorted(below.methods)) or None
    method = method if below.encrypted else None
    return Volume(path, role, device, below.encrypted, method, below.disks, source, below.mappings)


def _own_encryption(host: Host, path: str, role: str, kind: str) -> str:
    """What a filesystem may encrypt by itself. fscrypt takes folders only: never what the system lies in."""
    if kind == "bcachefs":
        return "bcachefs"
    folders = role != "system" and kind in ("ext4", "f2fs", "btrfs", "ubifs")
    return "fscrypt" if folders and host.exists(f"{path.rstrip('/')}/.fscrypt") else ""


def _swaps(host: Host, mounts: tuple[Mount, ...]) -> Iterator[Volume]:
    """Swap on disk; zram is memory, but for what it writes back. A swap file lies on the filesystem that holds it."""
    lines = (
        host.text(SWAPS).splitlines()[1:] if host.exists(SWAPS) else []
    )  # a kernel without swap has no list
    for line in lines:
        path, kind = [*line.split(), "", ""][:2]
        path = path.replace("\\040", " ")
        if "/zram" in path:
            path = _written_back(host, path)
        if path and kind == "file":
            holder = layers.holder(mounts, path)
            one = _mounted(host, holder) if holder else Volume("", "", path, None, None, frozenset(), SWAPS)
            yield replace(one, mount=path, role="swap")
        elif path:
            name = layers.by_path(host, path)
            yield _volume(host, path, "swap", path, [name] if name else [], "swap")


def _written_back(host: Host, path: str) -> str:
    """The device that a zram device writes idle pages to; "" where it keeps them all in memory."""
    told = f"{layers.BLOCKS}/{path.rpartition('/')[2]}/backing_dev"
    backing = host.text(told).strip() if host.exists(told) else "none"
    return "" if backing == "none" else backing
