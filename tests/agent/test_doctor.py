"""`boltseal doctor`: each thing that can be wrong is found and named."""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import doctor, exits, health
from agent.__main__ import entry
from agent.alarms import raise_alarm
from agent.health import Finding
from agent.identity import write_identity
from config import checkpoint
from config.checkpoint import Checkpoint
from tests.agent.conftest import Agent
from tests.agent.tls import Authority, answering, ok, serving
from tests.agent.twin import ORIGIN, unreachable

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DATE = b"Date: Tue, 24 Nov 2026 12:00:00 GMT\r\n"


def levels(findings: list[Finding], subject: str) -> list[str]:
    """The levels found for a subject."""
    return [finding.level for finding in findings if finding.subject == subject]


def test_healthy(agent: Agent) -> None:
    """Nothing bad about a healthy agent."""
    agent.once()
    found = [
        *health.folder(agent.state),
        *health.outbox(agent.state),
        *health.installation(),
        *health.extras(),
    ]
    assert [] == [finding for finding in found if finding.level == "bad"]
    assert ["ok"] == levels(found, "packages")


def test_exposed_files(agent: Agent) -> None:
    """Files that others may read; the administrator's settings may be."""
    agent.state.path("agent.toml").write_text("")
    agent.state.path("agent.toml").chmod(0o644)
    assert ["ok"] == levels(list(health.folder(agent.state)), "state")
    agent.state.path("secret").write_bytes(b"s" * 32)
    agent.state.path("secret").chmod(0o644)
    assert ["bad"] == levels(list(health.folder(agent.state)), "state")
    agent.state.path("key.pem").chmod(0o640)
    assert ["bad"] == levels(list(health.outbox(agent.state)), "key")


def test_damage(agent: Agent) -> None:
    """A damaged report, a damaged account, an alarm, what was kept aside."""
    agent.patience = 0
    agent.server.faults.extend([unreachable] * 2)
    agent.once()
    agent.once()
    agent.files("spool")[0].write_bytes(b"")
    assert ["bad"] == levels(list(health.outbox(agent.state)), "spool")
    shutil.copy(agent.files("spool")[1], agent.state.path("damaged"))
    raise_alarm(agent.state.path("alarms"), "receipt_wrong", "x", None, "2026-11-24T12:00:00Z")
    agent.state.path("chain.json").write_bytes(b"x")
    found = list(health.outbox(agent.state))
    assert (["bad"], ["warn"], ["bad"]) == tuple(
        levels(found, name) for name in ("spool", "damaged", "alarm")
    )


def test_other_package(tmp_path: Path) -> None:
    """A package of the same name from elsewhere is found."""
    found = list(health.installation({"config": str(tmp_path / "config" / "__init__.py")}))
    assert ["bad"] == levels(found, "packages")
    assert "config is loaded from" in found[-1].text


def test_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra without its tool is told; one that is not there is nothing to worry about."""
    find_spec = importlib.util.find_spec
    there = {"nmap", "paramiko"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True if name in there else find_spec(name))
    assert ["ok", "ok", "ok"] == levels(list(health.extras(lambda tool: "/usr/bin/nmap")), "extras")
    assert ["ok", "ok", "warn"] == levels(list(health.extras(lambda tool: None)), "extras")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert ["warn", "ok", "ok"] == levels(list(health.extras()), "extras")


def test_not_installed() -> None:
    """Run from a plain folder."""
    assert ["warn"] == levels(list(health.installation(distribution="no-such-distribution")), "packages")


def serve_checkpoint(agent: Agent, tmp_path: Path, size: int, date: bytes = DATE) -> list[Finding]:
    """What is found out about a server that shows a log of this size."""
    authority = Authority(tmp_path / "tls")
    note = checkpoint.sign(Checkpoint(ORIGIN, size, b"\0" * 32), agent.server.log_key)
    shutil.copy(authority.ca, agent.state.path("ca.pem"))
    with serving(authority, answering(ok(note, date))) as url:
        write_identity(agent.state, replace(agent.identity, url=url))
        return list(health.server(agent.state, agent.identity, lambda: NOW))


@pytest.mark.parametrize(("size", "bad"), [(2, []), (100, []), (1, ["bad"])])
def test_server(agent: Agent, tmp_path: Path, size: int, bad: list[str]) -> None:
    """It answers; a log smaller than the one known is bad."""
    found = serve_checkpoint(agent, tmp_path, size)
    assert (["ok"], bad, ["ok"]) == tuple(levels(found, name) for name in ("server", "log", "clock"))


@pytest.mark.parametrize(
    ("date", "level"),
    [(b"Date: Wed, 24 Nov 2027 12:00:00 GMT\r\n", ["warn"]), (b"Date: x\r\n", []), (b"", [])],
)
def test_clock(agent: Agent, tmp_path: Path, date: bytes, level: list[str]) -> None:
    """A clock that is far off is told; without a date there is nothing to tell."""
    assert level == levels(serve_checkpoint(agent, tmp_path, 2, date), "clock")


def test_no_server(agent: Agent) -> None:
    """Nobody answers."""
    write_identity(agent.state, replace(agent.identity, url="https://127.0.0.1:1"))
    assert ["bad"] == levels(list(health.server(agent.state, agent.identity, lambda: NOW)), "server")


def test_command(agent: Agent, capsys: pytest.CaptureFixture[str]) -> None:
    """The table and the JSON; code 1 when something is bad."""
    folder = str(agent.state.folder)
    entry(["doctor", "--offline", "--state", folder, "--json"])
    subjects = {finding["subject"] for finding in json.loads(capsys.readouterr().out)}
    assert {"python", "packages", "extras", "state", "space", "key", "spool", "sight"} <= subjects
    agent.state.path("key.pem").unlink()
    assert exits.FAILED == entry(["doctor", "--offline", "--state", folder])
    assert "[key_missing]" in capsys.readouterr().out


def test_no_state(tmp_path: Path) -> None:
    """Without a state folder the rest is looked at all the same."""
    found = list(doctor.examine(tmp_path / "none", True, lambda: NOW, lambda text: None))
    assert ["bad"] == levels(found, "state")
    assert levels(found, "sight")


def test_sight_without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be looked at without the extra is said."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "psutil" else find_spec(name)
    )
    assert ["warn"] == levels(list(health.sight()), "sight")
