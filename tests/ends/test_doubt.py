"""Trust taken away: a clone, a rewritten log, a wrong clock, a damaged spool, a changed bundle, no network."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import exits
from agent.state import State
from config import archive
from tests.agent.disks import read_only
from tests.ends.conftest import RealAgent, RealServer, boltseal, enrolled_agent


def test_clone(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """One key on two machines: the host is quarantined, both are told, and both keep what they have."""
    agent.once()
    shutil.copytree(agent.state.folder, tmp_path / "clone")
    clone = RealAgent(State(tmp_path / "clone"))
    assert () == agent.once().alarms
    clone.facts = {"os": {"os.id": "other"}}
    assert ["sequence_fork"] == [alarm.code for alarm in clone.once().alarms]
    assert ["host_quarantined"] == [alarm.code for alarm in agent.once().alarms]
    assert (1, 1) == (len(agent.spool), len(clone.spool))
    status = boltseal("status", "--state", str(agent.state.folder))
    assert exits.FAILED == status.returncode
    assert "ALARM host_quarantined" in status.stdout
    host_id = json.loads(agent.state.path("identity.json").read_text())["host_id"]
    released = server.command("host", "release", host_id, "--reason", "the clone is gone")
    assert 0 == released.returncode, released.stderr
    done = agent.once(with_scan=False)
    assert (1, 0) == (done.sent, done.waiting)
    assert exits.OK == boltseal("status", "--acknowledge", "--state", str(agent.state.folder)).returncode


def test_revoked(server: RealServer, agent: RealAgent) -> None:
    """A revoked host is told so, and keeps its spool."""
    agent.once()
    host_id = json.loads(agent.state.path("identity.json").read_text())["host_id"]
    assert 0 == server.command("host", "revoke", host_id, "--reason", "sold").returncode
    assert ["host_revoked"] == [alarm.code for alarm in agent.once().alarms]
    assert 1 == len(agent.spool)


def test_restored_server(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """A server that came back from an old copy lost evidence: every agent is a witness of it, for good."""
    agent.once()
    server.stop()
    shutil.copytree(server.home.folder, tmp_path / "backup")
    server.start()
    agent.once()
    server.stop(signal.SIGKILL)
    shutil.rmtree(server.home.folder)
    shutil.copytree(tmp_path / "backup", server.home.folder)
    server.start()
    done = agent.once()
    assert ["sequence_gap"] == [alarm.code for alarm in done.alarms]
    shown = boltseal("doctor", "--state", str(agent.state.folder))
    assert exits.FAILED == shown.returncode
    assert "the server shows" in shown.stdout
    assert (
        exits.FAILED
        == boltseal("once", "--no-scan", "--wait", "0", "--state", str(agent.state.folder)).returncode
    )
    assert ["sequence_gap"] == agent.alarms


def test_other_log(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """Two histories of one server: whoever saw the one raises a lasting alarm when shown the other."""
    server.stop()
    shutil.copytree(server.home.folder, tmp_path / "before")
    server.start()
    agent.once()
    agent.once()
    server.stop(signal.SIGKILL)
    shutil.rmtree(server.home.folder)
    shutil.copytree(tmp_path / "before", server.home.folder)
    server.start()
    for number in range(4):
        enrolled_agent(server, tmp_path / f"other-{number}").once()
    sequence = json.loads(agent.state.path("chain.json").read_text())
    assert 2 == sequence["sequence"]
    # The host's own chain goes back as well, as an insider would have it who wants to replace its reports.
    agent.state.path("chain.json").write_text('{"sequence":0,"sha256":null,"waiting":[]}')
    agent.state.path("shipping.json").unlink()
    agent.state.path("known.json").unlink()
    agent.state.path("last_scan.json").unlink()
    done = agent.once()
    assert ["log_not_extension"] == [alarm.code for alarm in done.alarms]
    assert 1 == len(agent.spool)


@pytest.mark.parametrize("days", [-365, 365])
def test_clock_a_year_off(server: RealServer, agent: RealAgent, days: int) -> None:
    """A clock a year off stops no report; its distance is measured and stands in the next one."""
    agent.clock = lambda: datetime.now(UTC) + timedelta(days=days)
    for _ in range(2):
        done = agent.once()
        assert (1, 0, ()) == (done.sent, done.waiting, done.alarms)
    offset = server.statements()[1].predicate["clock_offset_ms"]
    assert isinstance(offset, int)
    assert abs(offset / 1000 + days * 86400) < 30


@pytest.mark.real("faketime")
@pytest.mark.parametrize("days", ["-400d", "+4000d"])
def test_clock_of_the_process(server: RealServer, agent: RealAgent, days: str) -> None:
    """The same for a whole process: certificates out of their time stop no report either."""
    folder = str(agent.state.folder)
    line = ["faketime", "-f", days, sys.executable, "-I", "-m", "agent", "once", "--state", folder, "--json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    assert exits.OK == done.returncode, done.stderr
    assert 1 == len(server.statements())


def test_damaged_spool(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """A truncated report: the loss is signed, admitted, shown by status, and the auditor sees it."""
    agent.once()
    server.stop()
    agent.patience = 0
    for _ in range(3):
        agent.once()
    agent.spool[1].write_bytes(agent.spool[1].read_bytes()[:50])
    server.start()
    done = agent.once()
    assert (4, 0, ()) == (done.sent, done.waiting, done.alarms)
    assert 1 == len(server.statements("loss"))
    assert [1, 2, 4, 5] == [said.predicate["sequence"] for said in server.statements()]
    assert "damaged:" in boltseal("status", "--state", str(agent.state.folder)).stdout
    server.export(tmp_path / "bundle.zip")
    verified = boltseal("verify", str(tmp_path / "bundle.zip"), "--server-key", server.key_id, "--json")
    assert exits.OK == verified.returncode, verified.stdout
    assert "lost" in json.dumps(json.loads(verified.stdout)["warnings"])


@pytest.mark.real("mount", "umount", root=True)
def test_read_only(server: RealServer, agent: RealAgent) -> None:
    """A state folder that is read-only: one clear error, code 5, nothing lost."""
    agent.once()
    with read_only(agent.state.folder):
        done = boltseal("once", "--state", str(agent.state.folder))
        assert exits.STATE == done.returncode
        assert "[state_read_only]" in done.stderr
        assert "Traceback" not in done.stderr
    assert 2 == agent.once().sequence


def test_changed_bundle(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """One byte changed in any member: the member is named and the code is not 0."""
    agent.once()
    data = server.export(tmp_path / "bundle.zip")
    members = archive.read(data)
    for member in members:
        changed = bytearray(data)
        changed[member.start + member.stored // 2] ^= 1
        (tmp_path / "changed.zip").write_bytes(changed)
        done = boltseal("verify", str(tmp_path / "changed.zip"), "--server-key", server.key_id)
        assert exits.FAILED == done.returncode, member.name
        assert member.name in done.stdout, done.stdout


@pytest.mark.real("unshare", root=True)
def test_offline(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """With the network taken away a bundle is verified all the same."""
    agent.once()
    server.export(tmp_path / "bundle.zip")
    server.stop()
    line = [
        sys.executable,
        "-I",
        "-m",
        "agent",
        "verify",
        str(tmp_path / "bundle.zip"),
        "--server-key",
        server.key_id,
    ]
    done = subprocess.run(["unshare", "-n", *line], capture_output=True, text=True, timeout=120, check=False)
    assert exits.OK == done.returncode, done.stdout + done.stderr
    other = subprocess.run(
        ["unshare", "-n", *line[:-1], "0" * 64], capture_output=True, text=True, timeout=120, check=False
    )
    assert exits.FAILED == other.returncode
    assert server.key_id in other.stdout
