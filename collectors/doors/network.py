"""The real network: nmap, started with arguments of ours alone, its answer read through python-nmap.

The scan is over when `connect` returns, since it takes longer than any collector may. It is gentle: a bounded rate,
few retries, scripts that only look. Ranges are checked addresses that stand behind `--`, so none of them can become
an option or a host name. Without raw packets nmap can only connect: then it sees neither UDP nor hardware addresses,
and `method` says so.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import psutil

from collectors.door import Unseen
from collectors.door_network import Answerer, Declared, Network, Scanned
from collectors.doors import network_answer, network_names
from collectors.doors.local import Local
from collectors.readers import network_ports

RATE_MAX: Final = 1000
"""Packets a second, for all hosts together: half a megabit."""
RETRIES_MAX: Final = 2
UDP_RETRIES_MAX: Final = 6
UDP_DELAY_MS: Final = 200
"""Slower and more often: many systems tell of one closed port a second that it is closed."""
HOST_MAX_SECONDS: Final = 900
SCRIPT_MAX_SECONDS: Final = 60
SCAN_MAX_SECONDS: Final = 3600.0
SCRIPTS: Final = ("ssl-cert", "ssl-enum-ciphers", "sslv2", "ssh2-enum-algos", "sshv1")

_GENTLY: Final = (
    *("nmap", "-n", "-oX", "-", "--no-stylesheet", "-T3"),
    *("--max-rate", str(RATE_MAX)),
)


class Scan(Network):
    """A network that was looked at, or why it could not be."""

    platform = "network"

    def __init__(self, declared: Declared, found: Scanned | Unseen, now: datetime) -> None:
        self.declared = declared
        self.now = now
        self.cache = {}
        self._found = found

    def scanned(self) -> Scanned:
        """What the scan found."""
        if isinstance(self._found, Unseen):
            raise Unseen(self._found.reason, self._found.source, self._found.detail)
        return self._found


def connect(
    declared: Declared,
    budget_seconds: float = SCAN_MAX_SECONDS,
    *,
    raw: bool | None = None,
    host_seconds: int = HOST_MAX_SECONDS,
) -> Scan:
    """Look at the declared ranges and return their door; takes minutes.

    What prevents the scan (no nmap, out of time) is raised by the door's `scanned`, so it ends up in the facts.

    Args:
        declared: from `readers.network_range.declare`.
        budget_seconds: for the whole scan.
        raw: whether to send raw packets; None finds out whether this process may.
        host_seconds: after which a host is left, and nothing is known of it.
    """
    declared = network_names.resolved(declared)
    now, method = datetime.now(UTC), "syn" if (may_send_raw() if raw is None else raw) else "connect"
    source, door = f"nmap ({method} scan)", Local(now, budget_seconds)

    def look(argv: list[str]) -> Scanned:
        try:
            told = door.run(argv, timeout=budget_seconds)
        except Unseen as unseen:
            raise Unseen(unseen.reason, source, unseen.detail) from None
        return network_answer.read(told.stdout, method, source, own_addresses())

    try:
        found = look(arguments(declared, method, host_seconds))
    except Unseen as unseen:
        return Scan(declared, unseen, now)
    return Scan(declared, _with_udp(found, look, host_seconds), now)


def arguments(declared: Declared, method: str, host_seconds: int = HOST_MAX_SECONDS) -> list[str]:
    """The command line that looks for hosts and their TCP ports.

    A host is taken to be there when it answers a ping, ARP, or on one of the ports that matter in any way.
    """
    knock = ",".join(map(str, network_ports.KNOWN_PORTS))
    way = ("--privileged", "-PE", f"-PS{knock}", "-sS")
    return [
        *_GENTLY,
        *("--max-retries", str(RETRIES_MAX)),
        *("--host-timeout", f"{host_seconds}s", "--script-timeout", f"{SCRIPT_MAX_SECONDS}s"),
        *(way if method == "syn" else ("--unprivileged", f"-PS{knock}", "-sT")),
        *("-p", f"T:{network_ports.TCP_PORTS}"),
        *("-sV", "--version-light", "--script", ",".join(SCRIPTS)),
        *_family(declared.ranges[0]),
        *(("--exclude", ",".join(declared.excluded)) if declared.excluded else ()),
        "--",
        *declared.ranges,
    ]


def udp_arguments(addresses: Sequence[str], host_seconds: int = HOST_MAX_SECONDS) -> list[str]:
    """The command line that looks at the UDP ports of hosts that are known to be there."""
    return [
        *_GENTLY,
        *("--max-retries", str(UDP_RETRIES_MAX), "--scan-delay", f"{UDP_DELAY_MS}ms"),
        *("--host-timeout", f"{host_seconds}s", "--privileged", "-Pn", "-sU"),
        *("-p", f"U:{','.join(map(str, network_ports.UDP_PORTS))}"),
        *_family(addresses[0]),
        "--",
        *addresses,
    ]


def _with_udp(found: Scanned, look: Callable[[list[str]], Scanned], host_seconds: int) -> Scanned:
    """The scan with the UDP ports of its hosts, or with the reason why there are none."""
    others = [host.address for host in found.hosts if not host.own]
    if found.method != "syn":
        return replace(found, udp_unseen="permission_denied")
    if not others:
        return found
    try:
        by_address = {host.address: host for host in look(udp_arguments(others, host_seconds)).hosts}
    except Unseen as unseen:
        return replace(found, udp_unseen=unseen.reason)
    return replace(found, hosts=tuple(_joined(host, by_address.get(host.address)) for host in found.hosts))


def _joined(host: Answerer, also: Answerer | None) -> Answerer:
    """One host of both looks; it is finished where both are."""
    if host.own:
        return host
    if also is None:
        return replace(host, finished=False)
    return replace(host, ports=host.ports + also.ports, finished=host.finished and also.finished)


def _family(first: str) -> tuple[str, ...]:
    return ("-6",) if ":" in first else ()


def may_send_raw() -> bool:
    """Whether this process may send raw packets: root without the capability cannot."""
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except (OSError, AttributeError):
        return False
    return os.geteuid() == 0


def own_addresses() -> frozenset[str]:
    """The addresses of the machine that looks, as nmap writes them."""
    found = {one.address.partition("%")[0] for many in psutil.net_if_addrs().values() for one in many}
    return frozenset(address for address in found if ":" in address or address.count(".") == 3)
