"""Run the collectors: the one place where whatever a collector raises is caught.

A collector that raises, or that outlasts its time, becomes one failed section; the others go on. What it
raised is told by type and place only, since an error's text may hold what it was reading.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agent.deadline import OutOfTime, bounded
from collectors import PLATFORMS, Collector
from collectors.door import Door
from collectors.findings import Findings
from collectors.look import failed, look_with

COLLECTOR_MAX_SECONDS: Final = 60.0
"""For one collector of a host. The door bounds commands and the whole; this bounds endless loops between them. One
that asks a remote service may take what is left of the budget: its door keeps the time, and half a listing is none."""


@dataclass(frozen=True)
class Looked:
    """One collector's result. `error` names the type and place of what it raised, empty when it did not."""

    collector: Collector
    findings: Findings
    cpu_ms: int
    error: str = ""


def run(
    host: Door,
    collectors: Mapping[str, Collector],
    budget_seconds: float,
    progress: Callable[[str], None] = lambda name: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Looked]:
    """Each collector's result, by name.

    Once the budget is spent, the rest fail with `budget_spent`, unlooked.
    """
    ends_at = clock() + budget_seconds
    for name, collector in collectors.items():
        progress(name)
        left = ends_at - clock()
        if left <= 0:
            yield Looked(collector, failed(collector, "budget_spent"), 0)
            continue
        yield _guarded(host, collector, left)


def _guarded(host: Door, collector: Collector, left: float) -> Looked:
    before = time.process_time()
    longest = COLLECTOR_MAX_SECONDS if PLATFORMS.get(collector.platform) == "host" else left
    try:
        with bounded(min(left, longest)):
            findings, cpu_ms = look_with(collector, host)
        return Looked(collector, findings, cpu_ms)
    except OutOfTime:
        reason = "budget_spent" if left <= longest else "timeout"
        return Looked(collector, failed(collector, reason), _since(before), "OutOfTime")
    except (Exception, SystemExit) as error:  # noqa: BLE001  the collector guard: one must not hide the others
        return Looked(collector, failed(collector, "collector_error"), _since(before), _place(error))


def _since(before: float) -> int:
    return round((time.process_time() - before) * 1000)


def _place(error: BaseException) -> str:
    """Type and innermost place inside the collectors' room: `KeyError in sshd.py:41`."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "collectors" in each.filename]
    where = f" in {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
