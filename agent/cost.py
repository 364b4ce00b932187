"""What a scan costs: CPU with its commands, wall time, and the peak of this process's memory."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from config.canonical import Json

if sys.platform == "win32":
    import psutil
else:
    import resource


@dataclass(frozen=True)
class Cost:
    """CPU (own and that of commands) and wall milliseconds, peak resident memory of this process."""

    cpu_ms: int
    wall_ms: int
    peak_rss_kib: int

    def to_dict(self) -> dict[str, Json]:
        """The shape in a report and in `scan --json`."""
        return {"cpu_ms": self.cpu_ms, "wall_ms": self.wall_ms, "peak_rss_kib": self.peak_rss_kib}


class Meter:
    """Measures from its making on."""

    def __init__(self) -> None:
        self._cpu = _cpu_seconds()
        self._wall = time.monotonic()

    def read(self) -> Cost:
        """The cost up to now."""
        cpu_ms = round((_cpu_seconds() - self._cpu) * 1000)
        return Cost(cpu_ms, round((time.monotonic() - self._wall) * 1000), peak_rss_kib())


def peak_rss_kib() -> int:
    """VmHWM of this process. getrusage would tell the parent's peak too: it survives exec."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset) // 1024
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _cpu_seconds() -> float:
    if sys.platform == "win32":
        return time.process_time()
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
