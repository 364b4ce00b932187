"""One scan: run the collectors, seal what they found into sections, and keep the evidence for judging."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agent.cost import Cost, Meter
from agent.run import Looked, run
from collectors import Collector
from collectors.door import Door
from collectors.findings import Findings
from collectors.look import failed
from config import canonical, section
from config.errors import InputError
from config.evaluate import Evidence, evidence
from config.settings import ENVELOPE_MAX_BYTES, UPLOAD_MAX_BYTES
from config.statement import digest

if sys.platform != "win32":
    import resource

MEMORY_MAX_BYTES: Final = 768 * 1024 * 1024
"""Private memory of a scan and of each command it starts; far above what any of them needs."""

SECTIONS_MAX_BYTES: Final = UPLOAD_MAX_BYTES - ENVELOPE_MAX_BYTES - (64 << 10)
"""All sections of a scan in one upload, beside the largest envelope; the rest is for failed sections beyond."""


@dataclass(frozen=True)
class Scan:
    """What one scan found. `sections` are canonical bytes by collector; `errors` what collectors raised."""

    subject: str
    started_at: datetime
    finished_at: datetime
    sections: Mapping[str, bytes]
    errors: Mapping[str, str]
    cpu_ms: Mapping[str, int]
    cost: Cost
    platform: str

    @property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of each section, by collector."""
        return {name: digest(data) for name, data in self.sections.items()}

    @property
    def evidence(self) -> Evidence:
        """What judging takes. Read back from the sealed bytes, so what is judged is what is signed."""
        sections = [section.decode(data) for data in self.sections.values()]
        return evidence(self.subject, self.platform, sections, self.finished_at)


def scan(
    host: Door,
    subject: str,
    collectors: Mapping[str, Collector],
    secret: bytes,
    budget_seconds: float,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda name: None,
) -> Scan:
    """Look at a subject with these collectors, within the budget and the memory limit."""
    started_at, meter = clock(), Meter()
    sections, errors, cpu_ms, taken = {}, {}, {}, 0
    with _memory_bounded():
        for looked in run(host, collectors, budget_seconds, progress):
            name = looked.collector.name
            sections[name], cpu_ms[name] = _sealed(looked, secret, SECTIONS_MAX_BYTES - taken), looked.cpu_ms
            taken += upload_bytes(sections[name])
            if looked.error:
                errors[name] = looked.error
    return Scan(subject, started_at, clock(), sections, errors, cpu_ms, meter.read(), host.platform)


def needed(collectors: Mapping[str, Collector], facts: Collection[str]) -> Mapping[str, Collector]:
    """The collectors that can yield one of these facts."""
    return {name: each for name, each in collectors.items() if not each.facts.keys().isdisjoint(facts)}


def upload_bytes(data: bytes) -> int:
    """What a section takes in an upload, where it is a text within JSON: its quotes are escaped."""
    return len(canonical.encode(data.decode())) + 1


def _sealed(looked: Looked, secret: bytes, room: int) -> bytes:
    """The section; where the findings make none (too large, malformed), a failed one in its place."""
    try:
        data = _seal(looked.collector, looked.findings, secret)
    except InputError as error:
        reason = "too_large" if error.code == "too_large" else "malformed"
    except (TypeError, ValueError):
        reason = "collector_error"
    else:
        if upload_bytes(data) <= room:
            return data
        reason = "too_large"  # the sections before it left too little room
    return _seal(looked.collector, failed(looked.collector, reason), secret)


def _seal(collector: Collector, found: Findings, secret: bytes) -> bytes:
    return section.seal(
        collector.name,
        collector.version,
        found.outcome,
        found.reason,
        found.facts,
        found.missing,
        found.sources,
        secret,
    )


@contextmanager
def _memory_bounded() -> Iterator[None]:
    """A limit on private memory, so that endless output ends as MemoryError inside the guard. Windows has none."""
    if sys.platform == "win32":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = MEMORY_MAX_BYTES if soft == resource.RLIM_INFINITY else min(soft, MEMORY_MAX_BYTES)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
