"""VPN connections of Windows: WireGuard's tunnels and clients of other makers, by their services.

A client counts as configured while it runs or starts by itself; whether it is connected, and what goes through it, its
other side decides: null. Connections of Windows itself stand in phone books of the machine and of each user, which
are not read: so where nothing else is set up the answer is unsupported, never "none".
"""

from __future__ import annotations

from typing import Final

from collectors import vpn as linux
from collectors.door import Unseen
from collectors.door_windows import Windows
from collectors.findings import Findings, Json, Seen
from collectors.readers.vpn_products_windows import CLIENTS, WIREGUARD

FACTS = dict(linux.FACTS)
SERVICES: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"


def collect(host: Windows) -> Findings:
    """Tunnels and clients."""
    findings = Findings()
    findings.look("vpn.connections", _connections, host)
    return findings


def _connections(host: Windows) -> Seen:
    names = host.subkeys(SERVICES)
    if not names:
        raise Unseen("malformed", SERVICES, "no service at all")
    records = [record for name in names for record in _records(host, name)]
    if not any(one["configured"] for one in records):
        raise Unseen("unsupported", SERVICES, "connections of Windows itself are not read")
    return Seen([*records], SERVICES)


def _records(host: Windows, name: str) -> list[dict[str, Json]]:
    """A service's record; none where it is no VPN's."""
    small = name.lower()
    if small.startswith(WIREGUARD):
        kind, label = "wireguard", name[len(WIREGUARD) :]
    else:
        client = next((one for one, services in CLIENTS.items() if small in services), None)
        if client is None:
            return []
        kind, label = "client", client
    found = host.service(name)
    return [
        {
            "kind": kind,
            "name": label,
            "configured": found.running or found.start == "automatic",
            "up": found.running if kind == "wireguard" else None,
            "full_tunnel": None,
        }
    ]
