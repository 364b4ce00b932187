"""The service: a week of nights by a false clock, and the real parent process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent import exits, service, state
from agent.service import Service, work_due
from config.errors import InputError
from tests.agent.conftest import Agent
from tests.agent.twin import unreachable


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


class Child:
    """A child that has already done its work, in this process."""

    def __init__(self, code: int) -> None:
        self._code = code

    def wait(self, seconds: float) -> int:
        """Its exit code."""
        return self._code

    def poll(self) -> int:
        """The same."""
        return self._code


def served(agent: Agent, code: int | None = None) -> tuple[Service, list[list[str]]]:
    """A service whose children run `once` in this process, and what it started."""
    started: list[list[str]] = []

    def spawn(arguments: list[str]) -> Any:
        started.append(arguments[:-2])
        assert ["--state", str(agent.state.folder)] == arguments[-2:]
        if code is not None:
            return Child(code)
        trigger = arguments[2] if "--trigger" in arguments else "manual"
        done = agent.once(trigger, with_scan="--no-scan" not in arguments)
        return Child(exits.UNREACHABLE if done.problem else exits.OK)

    return Service(agent.state, spawn, agent.clock, lambda: agent.clock().timestamp()), started


def nights(agent: Agent, minutes: int, asleep: tuple[int, int] = (0, 0)) -> list[list[str]]:
    """What a service starts, looking every five minutes, as a busy machine might."""
    serving, started = served(agent)
    begin = agent.clock.now
    for minute in range(0, minutes, 5):
        agent.clock.now = max(agent.clock.now, begin + timedelta(minutes=minute))
        if not asleep[0] <= minute < asleep[1]:
            serving.tick()
    return started


def test_week(agent: Agent) -> None:
    """Seven nights: seven reports in order, each scheduled, each with its true time inside the window."""
    agent.once("enrolment")
    nights(agent, 7 * 1440)
    reports = agent.server.reports[1:]
    assert ["scheduled"] * 7 == [said.predicate["trigger"] for said in reports]
    times = [str(said.predicate["started_at"]) for said in reports]
    assert sorted(times) == times
    # A slot at the window's very end is seen by the next look, at most five minutes later.
    assert all("01:00" <= each[11:16] <= "05:05" for each in times)
    assert list(range(1, 9)) == [said.predicate["sequence"] for said in agent.server.reports]


def test_server_down_for_a_week(agent: Agent) -> None:
    """The server is away for a week: every night's report arrives afterwards, in order, with its true time."""
    agent.once("enrolment")
    agent.patience = 0
    agent.server.faults.extend([unreachable] * 100_000)
    nights(agent, 7 * 1440)
    assert 1 == len(agent.server.reports)
    assert 7 == len(agent.files("spool"))
    agent.server.faults.clear()
    nights(agent, 120)
    reports = agent.server.reports[1:]
    assert ["scheduled"] * 7 == [said.predicate["trigger"] for said in reports]
    days = [int(str(said.predicate["started_at"])[8:10]) for said in reports]
    assert [25, 26, 27, 28, 29, 30, 1] == days
    assert [] == agent.files("spool")


def test_back_off(agent: Agent) -> None:
    """While the server is away it is not asked every minute: pauses double up to an hour."""
    agent.once("enrolment")
    agent.patience = 0
    agent.server.faults.extend([unreachable] * 100_000)
    before = len(agent.server.requests)
    nights(agent, 1440)
    assert 10 < len(agent.server.requests) - before < 60


def test_asleep(agent: Agent) -> None:
    """Asleep at its slot, the machine scans when it wakes, labelled so."""
    agent.once("enrolment")
    nights(agent, 1440, asleep=(60, 1320))
    assert ["enrolment", "catch_up"] == [said.predicate["trigger"] for said in agent.server.reports]
    assert "2026-11-25T10:00:00Z" == agent.server.reports[1].predicate["started_at"]


def test_nothing_due(agent: Agent) -> None:
    """Right after a scan nothing is due."""
    agent.once()
    assert None is work_due(agent.state, agent.clock.now)


def test_never_scanned(agent: Agent) -> None:
    """The first scan does not wait for the night."""
    assert ["once", "--trigger", "catch_up"] == work_due(agent.state, agent.clock.now)


def test_waits(agent: Agent) -> None:
    """What waits is sent when its time has come; a time that a wrong clock wrote is no reason to wait."""
    agent.patience = 0
    agent.server.faults.append(unreachable)
    agent.once()
    assert None is work_due(agent.state, agent.clock.now)
    assert ["once", "--no-scan"] == work_due(agent.state, agent.clock.now + timedelta(minutes=2))
    agent.state.path("chain.json").write_bytes(b"damaged")
    assert ["once", "--no-scan"] == work_due(agent.state, agent.clock.now + timedelta(minutes=2))


def test_clock_set_back(agent: Agent) -> None:
    """The clock goes a year ahead and back: scans go on, and nothing is sent twice."""
    agent.once()
    agent.clock.forward(days=365)
    nights(agent, 60)
    agent.clock.now -= timedelta(days=365)
    nights(agent, 1440)
    triggers = [str(said.predicate["trigger"]) for said in agent.server.reports]
    assert ["manual", "catch_up", "catch_up"] == triggers[:3]
    assert 3 < len(triggers) + 1


@pytest.mark.parametrize("code", [exits.STATE, exits.INTERRUPTED, exits.USAGE, -9])
def test_child_that_fails(agent: Agent, code: int) -> None:
    """A child that could not even note its scan is not started again every minute."""
    serving, started = served(agent, code)
    for _ in range(60):
        serving.tick()
        agent.clock.forward(minutes=1)
    assert 4 == len(started)


def test_not_enrolled(tmp_path: Path) -> None:
    """Nobody to report to."""
    with pytest.raises(InputError, match="not_enrolled"):
        work_due(state.create(tmp_path / "state"), datetime.now(UTC))


def test_settings_broken(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    """A settings file that became wrong is said once per pause, and nothing is started."""
    agent.state.path("agent.toml").write_text("night_start = 1\n")
    serving, started = served(agent)
    assert [exits.USAGE, None] == [serving.tick(), serving.tick()]
    assert [] == started
    assert "settings_wrong_type" in capsys.readouterr().err


def test_child_that_hangs(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that does not end is ended."""
    monkeypatch.setattr(service, "CHILD_MAX_SECONDS", 0.2)
    monkeypatch.setattr(service, "CHILD_STOP_SECONDS", 0.2)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    children: list[subprocess.Popen[bytes]] = []

    def spawn(arguments: list[str]) -> subprocess.Popen[bytes]:
        children.append(subprocess.Popen([sys.executable, "-c", code]))
        time.sleep(0.2)
        return children[0]

    assert exits.INTERRUPTED == Service(agent.state, spawn, agent.clock).tick()
    assert None is not children[0].wait(10)


@pytest.fixture
def running(agent: Agent) -> Iterator[subprocess.Popen[bytes]]:
    """The real `boltseal run`, with nothing due."""
    agent.clock.now = datetime.now(UTC)
    agent.once()
    argv = [sys.executable, "-I", "-m", "agent", "run", "--state", str(agent.state.folder)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_threads(process: subprocess.Popen[bytes]) -> None:
    """Wait until the scheduler works."""
    for _ in range(200):
        if len(os.listdir(f"/proc/{process.pid}/task")) > 1:
            return
        time.sleep(0.05)
    raise AssertionError("the scheduler did not start")


def test_parent(running: subprocess.Popen[bytes], agent: Agent) -> None:
    """The resident parent is small, holds the service's lock and stops at once and cleanly on SIGTERM."""
    wait_for_threads(running)
    time.sleep(1)
    status = Path(f"/proc/{running.pid}/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0])
    assert resident <= 30 * 1024, f"{resident} KiB"
    loaded = Path(f"/proc/{running.pid}/maps").read_text()
    assert "cryptography" not in loaded
    assert [] == psutil.Process(running.pid).net_connections(), "the agent opens no port"
    argv = [sys.executable, "-I", "-m", "agent", "run", "--state", str(agent.state.folder)]
    second = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert exits.STATE == second.returncode
    assert "state_locked" in second.stderr
    running.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert exits.OK == running.wait(10)
    assert time.monotonic() - begun < 3
