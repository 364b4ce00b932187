"""Network interfaces: their names by /proc/net/dev, what they are by /sys/class/net.

A container may be shown the /sys of the machine below it, with that one's interfaces and none of its own;
/proc/net is always that of the network namespace of whoever reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from collectors.door import Host, Unseen

NETWORK: Final = "/sys/class/net"
NAMES: Final = "/proc/net/dev"


def kinds(host: Host) -> Mapping[str, str]:
    """Every interface but lo with its kind as the kernel tells it ("wireguard", "bridge", "")."""
    if host.offline:
        raise Unseen("offline_root", NETWORK)
    return {name: _kind(host, name) for name in _names(host) if name != "lo"}


def outside(host: Host) -> list[str]:
    """The interfaces that lead outside; "?" stands for one that no rule names, where none is seen.

    Those with a device of their own, or what is built upon them (a bridge, a bond, a VLAN: what comes in by
    eth0 then carries its name), and dial-up links. In a container, where none has a device, all but the links to
    others. One that /sys does not know may have a device.
    """
    names = [*kinds(host)]
    others = [name for name in names if not name.startswith(("veth", "docker", "br-"))]
    strange = [name for name in others if not host.exists(f"{NETWORK}/{name}")]
    physical = [name for name in names if host.exists(f"{NETWORK}/{name}/device")]
    dialled = [name for name in names if name.startswith("ppp")]
    return [*_built_upon(host, physical), *dialled, *strange] or others or ["?"]


def _built_upon(host: Host, names: list[str]) -> list[str]:
    """These interfaces and those above them; one that belongs to a bridge or bond shows as that alone."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        found[name] = None
        folder = f"{NETWORK}/{name}"
        waiting += [one[6:] for one in host.list(folder) if one.startswith("upper_")]
    return [name for name in found if not host.exists(f"{NETWORK}/{name}/master")] or [*found]


def _names(host: Host) -> list[str]:
    if host.exists(NAMES):
        lines = host.text(NAMES).splitlines()[2:]
        return [name.strip() for name, colon, _ in (line.partition(":") for line in lines) if colon]
    return [*host.list(NETWORK)] if host.exists(NETWORK) else []


def _kind(host: Host, name: str) -> str:
    try:
        text = host.text(f"{NETWORK}/{name}/uevent")
    except Unseen:
        return ""
    return dict(line.partition("=")[::2] for line in text.splitlines()).get("DEVTYPE", "")
