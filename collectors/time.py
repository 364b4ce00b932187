"""Time: which daemon keeps the clock, from which servers, and whether it succeeds at this moment.

A daemon that runs without reaching a server is not synchronised, nor is chronyd on its own local clock, with
servers that have not answered for a day, or told to leave the clock alone (-x). In a container the clock is the
outer host's, and a hypervisor's guest tools or PTP may keep it: nothing is said about it there.
"""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Seen
from collectors.readers import clocks, container, processes, units
from collectors.readers.clocks import Clock

FACTS = {
    "time.synchronised": Fact("bool", "the clock is kept by a time server that answers"),
    "time.service": Fact("str", "the daemon that keeps the clock, or none"),
    "time.sources": Fact("list[str]", "the servers and pools that the daemon is set up with"),
}
BY_OTHERS = ("ptp4l", "phc2sys", "VBoxService")


def collect(host: Host) -> Findings:
    """The daemon by process (on a root by unit), its state by its own tool, its servers by its files."""
    findings = Findings()
    findings.look("time.service", _service, host)
    findings.look("time.synchronised", _synchronised, host)
    findings.look("time.sources", _sources, host)
    return findings


def _clock(host: Host) -> Clock | None:
    starting = [clock for clock in clocks.CLOCKS if units.unit(host, clock.unit).starts]
    if host.offline:
        return next(iter(starting), None)
    # Several daemons call themselves ntpd: among those that could run, the one whose unit starts.
    candidates = [*starting, *clocks.CLOCKS]
    return next((clock for clock in candidates if processes.running(host, *clock.programs)), None)


def _service(host: Host) -> Seen:
    clock = _clock(host)
    source = units.FOLDERS[0] if host.offline else "/proc"
    return Seen(clock.name if clock else "none", source)


def _synchronised(host: Host) -> Seen:
    if host.offline:
        raise Unseen("offline_root", "time daemon")
    clock = _clock(host)
    if clock is None and container.kind(host):
        raise Unseen("unsupported", "time daemon", "a container's clock is its host's")
    if clock is None and processes.running(host, *BY_OTHERS):
        raise Unseen("unsupported", BY_OTHERS[0], "a clock kept by PTP or by the hypervisor is not judged")
    if clock is None:
        return Seen(False, "/proc: no time daemon runs")
    synchronised, source = clock.synchronised(host)
    return Seen(synchronised, source)


def _sources(host: Host) -> Seen:
    clock = _clock(host)
    if clock is None:
        return Seen([], units.FOLDERS[0] if host.offline else "/proc")
    servers, files = clock.servers(host)
    return Seen([*sorted(set(servers))], *(files or ["no configuration"]))
