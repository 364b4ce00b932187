"""A scan: sealed sections, evidence read back from them, bounded memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent import scan as scans
from agent.scan import Scan, needed, scan
from collectors import Collector
from collectors.findings import Fact, Findings
from config import canonical, section
from config.canonical import Json
from config.settings import ENVELOPE_MAX_BYTES, SECTION_MAX_BYTES, UPLOAD_MAX_BYTES
from tests.agent.conftest import seeing
from tests.collectors.twin import Twin

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def look(*collectors: Collector, secret: bytes = b"s" * 32) -> Scan:
    """A scan with these collectors."""
    return scan(Twin({}), "h-1", {each.name: each for each in collectors}, secret, 60.0, lambda: NOW)


def odd(findings: Findings, facts: dict[str, Fact] | None = None) -> Collector:
    """A collector that hands these findings back, whatever they are."""
    return Collector("odd", 1, facts or {"odd.fact": Fact("str", "")}, lambda host: findings)


def test_sections() -> None:
    """The same facts have the same digest under the same secret, and another under another."""
    good = seeing("os", {"os.id": "debian"})
    first, again, other = look(good), look(good), look(good, secret=b"t" * 32)
    assert first.digests == again.digests
    assert first.digests != other.digests
    assert {"os.id": "debian"} == first.evidence.facts
    assert ("h-1", NOW) == (first.evidence.subject, first.evidence.observed_at)


def test_cost() -> None:
    """What it cost is measured."""
    cost = look(seeing("os", {"os.id": "debian"})).cost
    assert 1000 < cost.peak_rss_kib < 2_000_000
    assert 0 <= cost.cpu_ms < 10_000


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        (Findings(facts={"odd.fact": "x" * SECTION_MAX_BYTES}), "too_large"),
        (Findings(outcome="excellent"), "malformed"),
        (Findings(facts={"odd.fact": 1.5}), None),  # type: ignore[dict-item]
    ],
)
def test_odd_findings(findings: Findings, reason: str | None) -> None:
    """Findings that make no section become a failed one: nothing is lost silently, and the others are sealed."""
    result = look(odd(findings), seeing("os", {"os.id": "debian"}))
    sealed = section.decode(result.sections["odd"])
    assert "failed" == sealed.outcome
    assert {} == sealed.facts
    assert reason in (None, sealed.reason)
    assert {"os.id": "debian"} == section.decode(result.sections["os"]).facts


def test_upload() -> None:
    """However much the collectors find, quotes and all, the report fits into one upload; the rest is said."""
    many = [seeing(f"c{number}", {f"c{number}.fact": '"' * 400_000}) for number in range(9)]
    result = look(*many, seeing("os", {"os.id": "debian"}))
    texts: list[Json] = [data.decode() for data in result.sections.values()]
    body = canonical.encode({"envelope": "e" * ENVELOPE_MAX_BYTES, "sections": texts})
    assert UPLOAD_MAX_BYTES - 1_700_000 < len(body) <= UPLOAD_MAX_BYTES
    reasons = [section.decode(data).reason for data in result.sections.values()]
    assert [None] * 4 + ["too_large"] * 5 + [None] == reasons


def test_odd_type() -> None:
    """A value that JSON cannot say at all is the collector's error."""
    records = {"odd.fact": Fact("list[str]", "")}
    findings = Findings(facts={"odd.fact": ["fine"]}, sources={"odd.fact": ("\ud800",)})
    assert "collector_error" == section.decode(look(odd(findings, records)).sections["odd"]).reason


def test_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that eats memory ends as its own error, far below what the host has."""
    monkeypatch.setattr(scans, "MEMORY_MAX_BYTES", 1 << 30)

    def hungry(host: object) -> Findings:
        eaten = []
        while True:
            eaten.append(bytearray(64 << 20))

    result = look(replace(odd(Findings()), collect=hungry), seeing("os", {"os.id": "debian"}))
    assert "collector_error" == section.decode(result.sections["odd"]).reason
    assert "MemoryError" in result.errors["odd"]
    assert "os.id" in result.evidence.facts


def test_needed() -> None:
    """Only the collectors that can answer are asked."""
    both = {name: seeing(name, {f"{name}.fact": ""}) for name in ("a", "b")}
    assert ["b"] == list(needed(both, {"b.fact", "c.fact"}))
