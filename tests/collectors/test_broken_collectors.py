"""A collector that raises, or that cannot even be imported, is one failed section; the others are reported."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

import collectors
from agent.scan import Scan, scan
from collectors import Collector, discover
from collectors.door import Host
from collectors.findings import Fact, Findings
from tests.collectors.twin import Twin


def raises(error: BaseException) -> Callable[[Host], NoReturn]:
    def collect(host: Host) -> NoReturn:
        raise error

    return collect


def deep(host: Host) -> Findings:
    return deep(host)


def odd(host: Host) -> Findings:
    findings = Findings()
    findings.fact("odd.fact", 1.5)  # type: ignore[arg-type]
    findings.fact("odd.other", {"a": object()})  # type: ignore[dict-item]
    return findings


def fine(host: Host) -> Findings:
    findings = Findings()
    findings.fact("fine.fact", 7, "/here")
    return findings


def scanned(**broken: Callable[[Host], Findings]) -> Scan:
    found = {name: Collector(name, 1, {f"{name}.fact": Fact("int", "")}, way) for name, way in broken.items()}
    return scan(Twin({}), "a", found, b"secret" * 8, 30, lambda: datetime.now(UTC))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        KeyError("x"),
        MemoryError(),
        RecursionError(),
        SystemExit(3),
        OSError(5),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_raised(error: BaseException) -> None:
    """One failed section that says so; what comes after it is looked at."""
    found = scanned(broken=raises(error), fine=fine)
    assert {"broken.fact": "collector_error"} == found.evidence.missing
    assert {"fine.fact": 7} == found.evidence.facts
    assert {"broken"} == set(found.errors)
    assert found.errors["broken"].startswith(type(error).__name__)


def test_endless_recursion_and_findings_that_are_none() -> None:
    found = scanned(deep=deep, fine=fine, odd=odd)
    assert {"deep.fact": "collector_error", "odd.fact": "malformed"} == found.evidence.missing
    assert {"fine.fact": 7} == found.evidence.facts


def test_interrupt_goes_through() -> None:
    """Who presses Ctrl-C wants the scan to end, not a failed section."""
    with pytest.raises(KeyboardInterrupt):
        scanned(broken=raises(KeyboardInterrupt()), fine=fine)


@pytest.mark.parametrize(
    "text", ["1 +", "import nowhere_to_be_found", "raise SystemExit(4)", "FACTS = {}", "open('/gone')"]
)
def test_module_that_cannot_be_imported(tmp_path: Path, text: str) -> None:
    """A collector that fails at import is there, without facts, and fails when it is to look."""
    names = [*discover()]
    package = Path(collectors.__file__).parent
    (tmp_path / "collectors").symlink_to(package)
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / "broken.py").write_text(text)
    code = (
        f"import collectors; collectors.__path__.append({str(extra)!r});"
        "from agent.run import run; from collectors import discover; from tests.collectors.twin import Twin;"
        "found = discover(); print(*found);"
        "looked = [*run(Twin({}), {name: found[name] for name in ('broken', 'os')}, 30)];"
        "print(*(one.findings.outcome for one in looked), looked[0].findings.reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=package.parent, capture_output=True, text=True, check=True
    )
    told, outcomes = done.stdout.splitlines()
    assert sorted([*names, "broken"]) == told.split()
    assert "failed failed collector_error" == outcomes
