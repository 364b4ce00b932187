"""`boltseal status`: what it tells, and that it ends with 1 while an alarm stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent import exits, state
from agent.__main__ import entry
from agent.alarms import raise_alarm
from tests.agent.conftest import Agent
from tests.agent.twin import unreachable


def told(agent: Agent, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    """Exit code and standard output."""
    code = entry(["status", "--state", str(agent.state.folder), *argv])
    return code, capsys.readouterr().out


def test_fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before enrolment: what to do."""
    folder = state.create(tmp_path / "state").folder
    assert exits.OK == entry(["status", "--state", str(folder)])
    assert "not enrolled; boltseal enroll STRING" in capsys.readouterr().out


def test_table(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    """Identity, last scan, spool, receipt, next slot."""
    agent.once()
    code, out = told(agent, capsys)
    assert exits.OK == code
    for words in (
        agent.identity.host_id,
        "https://twin.test:8443",
        "(manual), report 1",
        "0 waiting",
        "log of 3 entries",
    ):
        assert words in out
    assert "Next slot" in out


def test_problem(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    """What waits, why, and when it is tried again."""
    agent.patience = 0
    agent.server.faults.append(unreachable)
    agent.once()
    _, out = told(agent, capsys)
    assert "1 waiting" in out
    assert "the twin is down [server_unreachable]; next attempt 2026-11-24T12:01:00Z" in out


def test_json(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for programs; no key, no secret, no token."""
    agent.patience = 0
    agent.server.faults.append(unreachable)
    agent.once()
    agent.files("spool")[0].write_bytes(b"")
    agent.server.faults.append(unreachable)
    agent.once()
    _, out = told(agent, capsys, "--json")
    value = json.loads(out)
    names = "state identity last_scan spool shipping alarms next_slot observed"
    assert set(names.split()) == set(value)
    assert (2, ["spool_damaged"]) == (
        value["spool"]["waiting"],
        [lost["lost"] for lost in value["spool"]["lost"]],
    )
    assert 1 == len(value["spool"]["damaged"])
    secrets = [agent.state.path(name).read_bytes().strip().split(b"\n")[0] for name in ("secret",)]
    assert all(secret.hex() not in out for secret in secrets)


def test_alarm(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    """Loud, lasting, until somebody acknowledges it."""
    raise_alarm(agent.state.path("alarms"), "log_not_extension", "detail", None, "2026-11-24T12:00:00Z")
    for _ in range(2):
        code, out = told(agent, capsys)
        assert exits.FAILED == code
        assert "ALARM log_not_extension since 2026-11-24T12:00:00Z" in out
        assert "boltseal status --acknowledge" in out
    code, out = told(agent, capsys, "--acknowledge")
    assert (exits.OK, False) == (code, "ALARM" in out)
    assert 1 == len(agent.files("alarms/acknowledged"))
