"""Sockets of a Mac that wait for others: TCP in LISTEN, and UDP sockets bound to a service's port.

What is left out is as on Linux, with the ephemeral ports of macOS. launchd holds the sockets of services that start
when somebody connects. The firewall decides program by program, so what of this can be reached is not told.
"""

from __future__ import annotations

from typing import Final

from collectors import listeners as linux
from collectors.door import Host
from collectors.findings import Findings, Seen

FACTS = {"listeners.sockets": linux.FACTS["listeners.sockets"]}
EPHEMERAL: Final = (49152, 65535)
"""net.inet.ip.portrange.first and last as delivered."""


def collect(host: Host) -> Findings:
    """The sockets by netstat, their processes by lsof."""
    findings = Findings()
    findings.look("listeners.sockets", _sockets, host)
    return findings


def _sockets(host: Host) -> Seen:
    return Seen(linux.records(host.sockets(), *EPHEMERAL), "netstat -an")
