"""Look at a host: run collectors one after the other and close their findings."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator

from collectors import Collector, discover
from collectors.door import Host, Unseen
from collectors.findings import Findings

if sys.platform != "win32":
    import resource


def look(host: Host, names: Collection[str] | None = None) -> Iterator[tuple[str, Findings, int]]:
    """Name, closed findings and CPU milliseconds of each collector (or of those named), by name.

    A collector that raises anything but `Unseen` ends the iteration: whoever must go on uses `look_with`
    under a guard of its own.
    """
    for name, collector in discover().items():
        if names is None or name in names:
            yield name, *look_with(collector, host)


def look_with(collector: Collector, host: object) -> tuple[Findings, int]:
    """One collector's closed findings, and the CPU milliseconds that it and its commands took."""
    before = _cpu_ms()
    try:
        findings = collector.collect(host)
    except Unseen as unseen:
        findings = failed(collector, unseen.reason, unseen.source)
    findings.close(collector.facts)
    return findings, _cpu_ms() - before


def failed(collector: Collector, reason: str, *sources: str) -> Findings:
    """The findings of a collector that could not look at all: every fact missing with `reason`."""
    findings = Findings("failed", reason)
    for name in collector.facts:
        findings.unseen(name, reason, *sources)
    return findings


def _cpu_ms() -> int:
    if sys.platform == "win32":  # which does not tell of commands that ended
        return round(time.process_time() * 1000)
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        used += usage.ru_utime + usage.ru_stime
    return round(used * 1000)
