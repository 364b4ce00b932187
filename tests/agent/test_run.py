"""The one collector guard: whatever a collector does, the others are looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from agent import run as runs
from agent.deadline import OutOfTime, bounded
from agent.run import Looked, run
from collectors import Collector
from collectors.door import Unseen
from collectors.findings import Fact, Findings
from tests.agent.conftest import seeing
from tests.collectors.twin import Twin

GOOD = seeing("good", {"good.fact": "value"})


def collector(collect: Callable[[object], Findings]) -> Collector:
    """A collector that does something."""
    return Collector("bad", 1, {"bad.fact": Fact("str", "")}, collect)


def looked(collect: Callable[[object], Findings], budget: float = 60.0) -> Looked:
    """What becomes of it; the good one after it must be unharmed."""
    results = list(run(Twin({}), {"bad": collector(collect), "good": GOOD}, budget))
    if budget > 1:
        assert {"good.fact": "value"} == results[1].findings.facts
    return results[0]


def raising(error: BaseException) -> Callable[[object], Findings]:
    """A collector that raises."""

    def collect(host: object) -> Findings:
        raise error

    return collect


@pytest.mark.parametrize(
    "error",
    [
        KeyError("secret"),
        RecursionError(),
        MemoryError(),
        AssertionError(),
        UnicodeDecodeError("x", b"", 0, 1, ""),
    ],
)
def test_raising(error: Exception) -> None:
    """A collector that raises is one failed section; the error's text, which may hold what it read, is not kept."""
    result = looked(raising(error))
    assert ("failed", "collector_error") == (result.findings.outcome, result.findings.reason)
    assert {"bad.fact": "collector_error"} == result.findings.missing
    assert type(error).__name__ in result.error
    assert "secret" not in result.error


def test_unseen() -> None:
    """Not to be able to look is no error."""
    result = looked(raising(Unseen("permission_denied", "/etc/shadow")))
    assert ("failed", "permission_denied", "") == (
        result.findings.outcome,
        result.findings.reason,
        result.error,
    )


def test_interrupted() -> None:
    """An interruption is none of the collector's errors."""
    with pytest.raises(KeyboardInterrupt):
        looked(raising(KeyboardInterrupt()))


def _busy(host: object) -> Findings:
    while True:
        try:
            sum(range(1000))
        except Exception:  # noqa: BLE001  just what a careless collector would do
            continue


def _asleep(host: object) -> Findings:
    time.sleep(30)
    return Findings()


@pytest.mark.parametrize("collect", [_busy, _asleep])
def test_endless(collect: Callable[[object], Findings], monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector that does not end is ended, even where it catches everything."""
    monkeypatch.setattr(runs, "COLLECTOR_MAX_SECONDS", 0.2)
    begun = time.monotonic()
    result = looked(collect)
    assert time.monotonic() - begun < 3
    assert ("failed", "timeout", "OutOfTime") == (
        result.findings.outcome,
        result.findings.reason,
        result.error,
    )


def test_remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks a remote service may take what is left, and no more."""
    monkeypatch.setattr(runs, "COLLECTOR_MAX_SECONDS", 0.0)
    remote = Collector("bad_entra", 1, {"bad.fact": Fact("str", "")}, _asleep, "entra")
    (result,) = run(Twin({}), {"bad_entra": remote}, 0.3)
    assert "budget_spent" == result.findings.reason


def test_budget() -> None:
    """The budget is for all: whoever spends it is ended, the rest is not looked at, and both say so."""
    results = list(run(Twin({}), {"bad": collector(_asleep), "good": GOOD}, 0.2))
    assert ["budget_spent", "budget_spent"] == [result.findings.reason for result in results]
    assert {"good.fact": "budget_spent"} == results[1].findings.missing


def test_progress() -> None:
    """Each is announced before it is looked at."""
    told: list[str] = []
    list(run(Twin({}), {"good": GOOD}, 60.0, told.append))
    assert ["good"] == told


def test_bounded() -> None:
    """An outer bound stays in force inside and after an inner one."""
    with pytest.raises(OutOfTime), bounded(0.3), bounded(60):
        time.sleep(5)
    with pytest.raises(OutOfTime), bounded(0.4):
        _after_another_bound()
    with bounded(60):
        pass
    time.sleep(0.01)


def _after_another_bound() -> None:
    with bounded(60):
        pass
    time.sleep(5)


def test_clock() -> None:
    """The budget is reckoned by the clock that is given."""
    ticks: Iterator[float] = iter([0.0, 10.0, 70.0])
    results = list(run(Twin({}), {"a": GOOD, "b": GOOD}, 60.0, clock=lambda: next(ticks)))
    assert [None, "budget_spent"] == [result.findings.reason for result in results]
