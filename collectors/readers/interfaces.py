"""Network interfaces as the kernel shows them under /sys/class/net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from collectors.door import Host, Unseen

NETWORK: Final = "/sys/class/net"


def kinds(host: Host) -> Mapping[str, str]:
    """Every interface but lo with its kind as the kernel tells it ("wireguard", "bridge", "")."""
    if host.offline:
        raise Unseen("offline_root", NETWORK)
    names = host.list(NETWORK) if host.exists(NETWORK) else ()
    return {name: _kind(host, name) for name in names if name != "lo"}


def outside(host: Host) -> list[str]:
    """The interfaces that lead outside; "?" stands for one that no rule names, where none is seen.

    Those with a device of their own; in a container, where none has one, all but the links to others.
    """
    names = [*kinds(host)]
    physical = [name for name in names if host.exists(f"{NETWORK}/{name}/device")]
    return physical or [name for name in names if not name.startswith(("veth", "docker", "br-"))] or ["?"]


def _kind(host: Host, name: str) -> str:
    try:
        text = host.text(f"{NETWORK}/{name}/uevent")
    except Unseen:
        return ""
    return dict(line.partition("=")[::2] for line in text.splitlines()).get("DEVTYPE", "")
