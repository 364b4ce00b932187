"""What an agent observes beside its own host, from agent.toml to the auditor's bundle."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import once
from agent.once import Done, Looking
from agent.state import State
from collectors.door import Door, Unseen
from collectors.doors import mail
from config import bundle_check
from config.settings import AgentSettings, Observe, agent_settings
from tests.agent.conftest import seeing
from tests.collectors.dns_server import serving
from tests.collectors.twin import Node
from tests.collectors.twin import Twin as HostTwin
from tests.ends.conftest import RealAgent, RealServer
from tests.server.twin import rows

SETTINGS = agent_settings(
    b"""
[[observe]]
kind = "ssh"
address = "audit@web1.example"
password_file = "/nowhere"

[[observe]]
kind = "ssh"
address = "audit@gone.example"

[[observe]]
kind = "mail"
address = "example.org"
name = "our-domain"
schedule = "manual"
"""
)


REAL = b"""
[[observe]]
kind = "mail"
address = "example.org"
resolver = "127.0.0.1"

[[observe]]
kind = "ssh"
address = "audit@127.0.0.1:PORT"
"""


@contextmanager
def _opener(table: Observe, budget_seconds: float) -> Iterator[Door]:
    if "gone" in table.address:
        raise Unseen("not_found", table.address, "nobody answers")
    if table.kind == "mail":
        raise RuntimeError("a secret: hunter2")
    yield HostTwin(
        {"/etc/hostname": Node(content=b"web1\n"), "/etc/os-release": Node(content=b"ID=debian\n")}
    )


def _once(agent: RealAgent, trigger: str = "manual", settings: AgentSettings = SETTINGS) -> Done:
    looking = Looking(lambda: HostTwin({}), {"os": seeing("os", {"os.id": "debian"})}, opener=_opener)
    return once.once(agent.state, settings, trigger, looking, agent._hands)


def _answers(server: RealServer, subject: str) -> dict[str, str]:
    """A subject's verdicts, once they are there: they come after the receipt."""
    sql, deadline = "SELECT check_id, answer FROM verdict WHERE host_id=?", time.monotonic() + 30
    while not (found := rows(server.home, sql, subject)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return dict(found)


def _numbers(server: RealServer) -> dict[str, int]:
    return dict(rows(server.home, "SELECT host_id, last_sequence FROM host"))


def test_road(server: RealServer, agent: RealAgent, tmp_path: Path) -> None:
    """Each subject has its own chain; one that can't be opened is a report of reasons; the auditor finds it all."""
    done = _once(agent)
    own = done.scan.subject if done.scan else ""
    assert (4, 0, None, ()) == (done.sent, done.waiting, done.problem, done.alarms)
    told = {each.name: (each.sequence, each.problem and each.problem.code) for each in done.observed}
    assert {
        "host.web1.example": (1, None),
        "host.gone.example": (1, "target_unseen"),
        "network.our-domain": (1, "target_unseen"),
    } == told
    # An error that nobody foresaw may hold a secret: its type alone is told.
    assert "hunter2" not in "".join(str(each.problem) for each in done.observed)
    assert 3 == _once(agent, "scheduled").sent
    assert {
        own: 2,
        f"{own}~host.web1.example": 2,
        f"{own}~host.gone.example": 2,
        f"{own}~network.our-domain": 1,
    } == _numbers(server)
    assert {"unknown"} == set(_answers(server, f"{own}~host.gone.example").values())
    checked = bundle_check.check(server.export(tmp_path / "bundle.zip"), server.key_id)
    assert (1, 3) == (checked.counts["hosts"], checked.counts["observed"])
    assert 0 == server.command("check").returncode


def test_real_doors(server: RealServer, agent: RealAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail domain from a name server on loopback, and a host where nobody listens, through the doors themselves."""
    connect = mail.connect
    with serving({"example.org TXT": ['"v=spf1 -all"'], "example.org MX": ["10 mx.example.org."]}) as names:

        def here(*given: object) -> mail.Dns:
            door = connect(*given)  # type: ignore[arg-type]
            door._resolver.port = names.port
            return door

        monkeypatch.setattr(mail, "connect", here)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        settings = agent_settings(REAL.replace(b"PORT", str(port).encode()))
        looking = Looking(lambda: HostTwin({}), {"os": seeing("os", {"os.id": "debian"})})
        done = once.once(agent.state, settings, "scheduled", looking, agent._hands)
    assert (3, 0, None) == (done.sent, done.waiting, done.problem)
    told = {each.name: each.problem.code if each.problem else "" for each in done.observed}
    assert {"network.example.org": "", f"host.127.0.0.1-{port}": "ssh_unreachable"} == told
    own = done.scan.subject if done.scan else ""
    assert "pass" == _answers(server, f"{own}~network.example.org")["spoofing.spf-refuses-others.v1"]
    platforms = {said.predicate["platform"] for said in server.statements()}
    assert {"linux", "mail"} == platforms


def test_offline(server: RealServer, agent: RealAgent) -> None:
    """Reports of every subject wait while the server is away, and go in the order of their chains."""
    agent.patience = 0
    server.stop()
    for _ in range(2):
        assert 0 == _once(agent, "scheduled").sent
    server.start()
    done = agent.once(with_scan=False)
    assert (6, 0, None) == (done.sent, done.waiting, done.problem)
    assert {2} == set(_numbers(server).values())


def test_one_refused(server: RealServer, agent: RealAgent) -> None:
    """A subject whose reports the server refuses holds up its own chain only."""
    _once(agent, "scheduled")
    gone = State(agent.state.folder, "host.web1.example")
    before = gone.path("chain.json").read_bytes()
    other = before.replace(b'"sequence":1', b'"sequence":8')
    gone.path("chain.json").write_bytes(other)
    done = _once(agent, "scheduled")
    assert (2, 1, "sequence_gap") == (done.sent, done.waiting, done.problem.code if done.problem else "")
    assert ["sequence_gap"] == agent.alarms


def test_lost_account(server: RealServer, agent: RealAgent) -> None:
    """A subject whose account is gone for good is not begun anew, which would be a fork; the others go on."""
    _once(agent, "scheduled")
    gone = State(agent.state.folder, "host.web1.example")
    for name in ("chain.json", "shipping.json", "last_scan.json"):
        gone.path(name).unlink()
    done = _once(agent, "scheduled")
    failed = {each.name: each.problem.code for each in done.observed if each.problem}
    assert "state_chain_damaged" == failed["host.web1.example"]
    assert 2 == done.sent
    assert [] == agent.alarms


def test_not_while_somebody_waits(agent: RealAgent) -> None:
    """Enrolment reports the host itself."""
    done = _once(agent, "enrolment")
    assert (1, ()) == (done.sent, done.observed)
