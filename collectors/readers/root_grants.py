"""Who is root in effect without sudo: by a container engine's socket, a disk's device node, a file of root's.

What grants is looked at, not a group's name: the group that owns the socket and may write to it. Where the
socket is not there (an engine that does not run, a root) its unit tells the group it will get. Reading alone is
no root: members of adm, systemd-journal, shadow, kmem and kvm are not told, nor is a group that nothing asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Stat
from collectors.readers import overlay, polkit, unit_settings

EVERYBODY: Final = polkit.EVERYBODY
UNASKED: Final = "polkit rule"


@dataclass(frozen=True)
class Way:
    """A way to root: for whom, as an item of sudoers ("%#118" is a group by number), by what, what grants it."""

    who: str
    by: str
    source: str


@dataclass(frozen=True)
class _Engine:
    """Something that runs as root what it is told through a socket.

    One of `signs` is there where it is installed without a socket unit; its socket then belongs to `group`.
    """

    by: str
    sockets: tuple[str, ...]
    unit: str = ""
    signs: tuple[str, ...] = ()
    group: str = ""


_ENGINES: Final = (
    _Engine(
        "docker", ("/run/docker.sock",), "docker.socket", ("/usr/bin/dockerd", "/usr/sbin/dockerd"), "docker"
    ),
    _Engine("podman", ("/run/podman/podman.sock",), "podman.socket"),
    _Engine("containerd", ("/run/containerd/containerd.sock",)),
    _Engine("cri-o", ("/run/crio/crio.sock",)),
    _Engine("lxd", ("/var/snap/lxd/common/lxd/unix.socket",), "", ("/var/snap/lxd/common",), "lxd"),
    _Engine("lxd", ("/var/lib/lxd/unix.socket",), "lxd.socket"),
    _Engine("incus", ("/var/lib/incus/unix.socket", "/run/incus/unix.socket"), "incus.socket"),
    _Engine("libvirt", ("/run/libvirt/libvirt-sock",), "libvirtd.socket"),
    _Engine("libvirt", ("/run/libvirt/virtqemud-sock",), "virtqemud.socket"),
)
_UDEV: Final = "/usr/lib/udev/rules.d/50-udev-default.rules"
"""Gives every disk to the group disk, once it runs."""
_NO_DISKS: Final = ("loop", "ram", "zram", "sr", "fd", "nbd")
_ROOTS_FILES: Final = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/crontab",
    "/etc/cron.d",
    "/etc/systemd/system",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
)
"""Whoever writes to one of these makes an account, a rule, a job or a program that root starts by its name."""


def ways(host: Host) -> list[Way]:
    """Every such way, in the order of what grants it. Raises `Unseen` where one cannot be looked at."""
    found = [Way(who, "polkit", source) for who, source in polkit.administrators(host)]
    found += [Way(who, UNASKED, source) for who, source in polkit.unasked(host)]
    for engine in _ENGINES:
        found += _of_engine(host, engine)
    found += _of_disks(host)
    for path in _ROOTS_FILES:
        seen = host.found(path)
        if seen:
            found += [Way(who, "file", path) for who in writers(seen)]
    return [one for one in dict.fromkeys(found) if one.who not in ("root", "#0", "%#0", "%root")]


def _of_engine(host: Host, engine: _Engine) -> Iterator[Way]:
    for path in engine.sockets:
        seen = host.found(path)
        if seen:
            yield from _judged(engine, writers(seen), path)
            return
    told = unit_settings.settings(host, engine.unit) if engine.unit else {}
    if told.get("Socket.ListenStream"):
        mode = _mode((told.get("Socket.SocketMode") or ("",))[-1])
        group = (told.get("Socket.SocketGroup") or ("root",))[-1]
        item = f"%#{group}" if group.isdecimal() else f"%{group}"
        who = [EVERYBODY] if mode & 0o002 else [item] if mode & 0o020 else []
        yield from _judged(engine, who, engine.unit)
    else:
        there = [path for path in engine.signs if host.exists(path)]
        yield from (Way(f"%{engine.group}", engine.by, path) for path in there[:1])


def _mode(text: str) -> int:
    """A socket's mode in octal; systemd's own, 0666, where none is told that could be one."""
    return int(text, 8) if text and set(text) <= set("01234567") else 0o666


def _judged(engine: _Engine, who: list[str], source: str) -> list[Way]:
    """The socket of libvirt is open to everybody where polkit decides who may come in: that is read by itself."""
    open_door = engine.by == "libvirt" and EVERYBODY in who
    return [] if open_door else [Way(one, engine.by, source) for one in who]


def _of_disks(host: Host) -> Iterator[Way]:
    """Whoever writes to a whole disk or a partition writes to every file on it (debugfs -w)."""
    if host.offline:
        yield from (
            Way("%disk", "disk", path) for path in (_UDEV, _UDEV.removeprefix("/usr")) if host.exists(path)
        )
        return
    for disk in overlay.names(host, "/sys/block"):
        if disk.startswith(_NO_DISKS):
            continue
        parts = [one for one in overlay.names(host, f"/sys/block/{disk}") if one.startswith(disk)]
        for name in (disk, *parts):
            path = f"/dev/{name.replace('!', '/')}"
            seen = host.found(path)
            if seen:
                yield from (Way(who, "disk", path) for who in writers(seen))


def writers(seen: Stat) -> list[str]:
    """Who besides root may write, as items of sudoers."""
    found = [f"#{seen.uid}"] if seen.mode & 0o200 and seen.uid else []
    found += [f"%#{seen.gid}"] if seen.mode & 0o020 and seen.gid else []
    return [*found, EVERYBODY] if seen.mode & 0o002 else found
