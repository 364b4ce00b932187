"""The real network: nmap, started with arguments of ours alone, its answer read through python-nmap.

The scan is over when `connect` returns, since it takes longer than any collector may. It is gentle: a bounded rate,
few retries, scripts that only look. Ranges are checked addresses that stand behind `--`, so none of them can become
an option or a host name. Without raw packets nmap can only connect: then it sees neither UDP nor hardware addresses,
and `method` says so.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import psutil

from collectors.door import Unseen
from collectors.door_network import Declared, Network, Scanned
from collectors.doors import network_answer
from collectors.doors.local import Local
from collectors.readers import network_ports

RATE_MAX: Final = 1000
"""Packets a second, for all hosts together: half a megabit."""
RETRIES_MAX: Final = 2
HOST_MAX_SECONDS: Final = 900
SCRIPT_MAX_SECONDS: Final = 60
SCAN_MAX_SECONDS: Final = 3600.0
SCRIPTS: Final = ("ssl-cert", "ssl-enum-ciphers", "sslv2", "ssh2-enum-algos", "sshv1")

Run = Callable[[list[str]], bytes]
"""Runs a command and gives what it printed. Raises `Unseen`."""


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
    now, method = datetime.now(UTC), "syn" if (may_send_raw() if raw is None else raw) else "connect"
    argv = arguments(declared, method, host_seconds)
    source = f"nmap ({method} scan)"
    try:
        # The nmap run needs no budget of the local door but its own.
        told = Local(now, budget_seconds).run(argv, timeout=budget_seconds)
        return Scan(declared, network_answer.read(told.stdout, method, source, own_addresses()), now)
    except Unseen as unseen:
        return Scan(declared, Unseen(unseen.reason, source, unseen.detail), now)


def arguments(declared: Declared, method: str, host_seconds: int = HOST_MAX_SECONDS) -> list[str]:
    """The whole command line of one scan."""
    raw = method == "syn"
    udp = f",U:{','.join(map(str, network_ports.UDP_PORTS))}" if raw else ""
    knock = ",".join(map(str, network_ports.KNOWN_PORTS))
    return [
        *("nmap", "-n", "-oX", "-", "--no-stylesheet", "-T3"),
        *("--max-rate", str(RATE_MAX), "--max-retries", str(RETRIES_MAX)),
        *("--host-timeout", f"{host_seconds}s", "--script-timeout", f"{SCRIPT_MAX_SECONDS}s"),
        *(
            ("--privileged", "-PE", f"-PS{knock}", "-sS", "-sU")
            if raw
            else ("--unprivileged", f"-PS{knock}", "-sT")
        ),
        *("-p", f"T:{network_ports.TCP_PORTS}{udp}"),
        *("-sV", "--version-light", "--script", ",".join(SCRIPTS)),
        *(("-6",) if ipaddress.ip_network(declared.ranges[0]).version == 6 else ()),
        *(("--exclude", ",".join(declared.excluded)) if declared.excluded else ()),
        "--",
        *declared.ranges,
    ]


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
