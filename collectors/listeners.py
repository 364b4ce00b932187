"""Sockets that wait for others: TCP in LISTEN, and UDP sockets bound to a service's port.

Left out is what is no service. A UDP socket in the kernel's ephemeral range is nearly always a client's (a
resolver, a browser) and changes from minute to minute, so it counts only on a port that is known to be a
service's; on the loopback address, TCP in that range is left out for the same reason. Who owns a socket can
be seen by root alone: then `process` is null. Sockets in other network namespaces are not seen.
What is exposed is found with the kernel's rules, which want CAP_NET_ADMIN (`readers.exposure`).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from collectors.door import Host, Socket, Unseen
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import exposure, interfaces, kernel_rules

FACTS = {
    "listeners.sockets": Fact(
        "records{protocol: str, address: str, port: int, process: str?, loopback: bool}",
        "each address and port on which a service waits; process is null where it may not be seen",
    ),
    "listeners.exposed": Fact(
        "records{protocol: str, address: str, port: int, process: str?, reach: str?}",
        "those that the firewall lets be reached from outside: by anyone, or by some; null where that is not known",
    ),
}
SOCKETS: Final = "/proc/net/tcp, tcp6, udp, udp6"
RANGE: Final = "/proc/sys/net/ipv4/ip_local_port_range"
USUAL_RANGE: Final = (32768, 60999)
SERVICE_PORTS: Final = frozenset({34964, 41641, 47808, 49152, 51820, 51821})
"""PROFINET, Tailscale, BACnet, UPnP, WireGuard: services whose registered or usual port lies in the range."""


def collect(host: Host) -> Findings:
    """The sockets by /proc/net."""
    findings = Findings()
    findings.look("listeners.sockets", _sockets, host)
    findings.look("listeners.exposed", _exposed, host)
    return findings


def _exposed(host: Host) -> Seen:
    found = services(host.sockets(), *_ephemeral(host))
    rules = kernel_rules.rules(host)
    exposed: list[Json] = []
    for (protocol, port, address), names in found:
        who = exposure.reach(host, protocol, address, port)
        if who != "nobody":
            socket: dict[str, Json] = {"protocol": protocol, "address": address, "port": port}
            exposed.append(socket | {"process": _owner(names), "reach": who})
    return Seen(exposed, SOCKETS, *rules.sources, interfaces.NETWORK)


def _sockets(host: Host) -> Seen:
    return Seen(records(host.sockets(), *_ephemeral(host)), SOCKETS)


def records(sockets: Iterable[Socket], low: int, high: int) -> list[Json]:
    """The services among sockets, for `listeners.sockets`; the ephemeral ports lie from `low` to `high`."""
    return [
        {
            "protocol": protocol,
            "address": address,
            "port": port,
            "process": _owner(names),
            "loopback": is_loopback(address),
        }
        for (protocol, port, address), names in services(sockets, low, high)
    ]


def services(sockets: Iterable[Socket], low: int, high: int) -> list[tuple[tuple[str, int, str], set[str]]]:
    """Protocol, port and address of each service among sockets, and the names of those who hold it."""
    owners: dict[tuple[str, int, str], set[str]] = {}
    for socket in sockets:
        if is_service(socket, low, high):
            names = owners.setdefault((socket.protocol, socket.port, socket.address), set())
            names |= {socket.process} if socket.process else set()
    return sorted(owners.items())


def is_service(socket: Socket, low: int, high: int) -> bool:
    """Whether a service waits there, when ephemeral ports are those from `low` to `high`."""
    if not low <= socket.port <= high or socket.port in SERVICE_PORTS:
        return True
    return socket.protocol == "tcp" and not is_loopback(socket.address)


def _owner(names: set[str]) -> str | None:
    """The service among those that share a socket: systemd and launchd only open it for another."""
    return min(names - {"systemd", "launchd"} or names, default=None)


def is_loopback(address: str) -> bool:
    """Whether only this host reaches an address."""
    if address.endswith("%lo0"):  # a Mac's loopback device has a link-local address too
        return True
    try:
        plain = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(plain, "ipv4_mapped", None) or plain).is_loopback


def _ephemeral(host: Host) -> tuple[int, int]:
    try:
        low, high = (int(word) for word in host.text(RANGE).split())
    except (Unseen, ValueError):
        return USUAL_RANGE
    return low, high
