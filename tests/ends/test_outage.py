"""The server goes away: for a week, or between a report and its receipt."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.identity import enrolled, write_identity
from config import statement
from tests.ends.conftest import RealAgent, RealServer


def test_week(server: RealServer, agent: RealAgent) -> None:
    """Down for a week and back: every night's report arrives, in order, with its true time."""
    agent.once("enrolment")
    server.stop()
    agent.patience = 0
    nights = [datetime.now(UTC).replace(microsecond=0) - timedelta(days=7 - night) for night in range(7)]
    for night in nights:
        agent.clock = lambda now=night: now  # type: ignore[misc]
        assert "server_unreachable" == agent.once("scheduled").problem.code  # type: ignore[union-attr]
    assert 7 == len(agent.spool)
    server.start()
    agent.clock = lambda: datetime.now(UTC)
    done = agent.once(with_scan=False)
    assert (7, 0, None, ()) == (done.sent, done.waiting, done.problem, done.alarms)
    reports = server.statements()[1:]
    assert [f"{night:%Y-%m-%dT%H:%M:%SZ}" for night in nights] == [
        said.predicate["started_at"] for said in reports
    ]
    assert list(range(2, 9)) == [said.predicate["sequence"] for said in reports]
    assert 0 == server.command("check").returncode


class Wire:
    """Between agent and server: passes bytes on, and does something once the request has gone through."""

    def __init__(self, to: int, once_sent: Callable[[], bool], once_answered: Callable[[], bool]) -> None:
        self._to = to
        self._acts = [once_sent, once_answered]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        """Whatever the agent sends beyond its handshake is the request; whatever comes back after it, the answer."""
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._to)) as server:
            server.settimeout(0.3)
            while True:
                client.settimeout(5)
                sent = client.recv(1 << 20)
                if not sent:
                    return
                server.sendall(sent)
                if len(sent) > 1000:  # a request with its body; the handshake's messages are shorter
                    self._acts[0]()
                with suppress(TimeoutError):
                    while back := server.recv(1 << 20):
                        if len(sent) > 1000 and self._acts[1]():
                            return  # killed: what the kernel still held of the answer does not arrive either
                        client.sendall(back)


@contextmanager
def wired(
    agent: RealAgent, server: RealServer, sent: Callable[[], bool], answered: Callable[[], bool]
) -> Iterator[None]:
    """The agent reaches its server through a wire that acts."""
    identity = enrolled(agent.state)
    wire = Wire(server.port, sent, answered)
    write_identity(agent.state, replace(identity, url=f"https://127.0.0.1:{wire.port}"))
    try:
        yield
    finally:
        write_identity(agent.state, identity)
        wire.close()


def nothing() -> bool:
    """Pass on."""
    return False


@pytest.mark.parametrize("moment", ["once_sent", "once_answered"])
def test_killed(server: RealServer, agent: RealAgent, moment: str) -> None:
    """Killed between receive and answer, several times: nothing acknowledged is lost, nothing is there twice."""
    agent.patience = 0
    acknowledged: list[str] = []

    def kill() -> bool:
        if server.process is not None:
            server.process.process.send_signal(signal.SIGKILL)
        return True

    for round_ in range(2):
        agent.facts = {"os": {"os.id": f"round {round_} " + "x" * 3000}}
        acts = {"once_sent": nothing, "once_answered": nothing, moment: kill}
        with wired(agent, server, acts["once_sent"], acts["once_answered"]):
            assert 1 == agent.once().waiting
        server.stop(signal.SIGKILL)
        server.start()
        done = agent.once(with_scan=False)
        assert (1, 0, ()) == (done.sent, done.waiting, done.alarms)
        acknowledged.append(agent.state.path("shipping.json").read_text().split('"sha256":"')[1][:64])
    reports = server.statements()
    assert [1, 2] == [said.predicate["sequence"] for said in reports]
    assert acknowledged == [statement.digest(statement.encode(said)) for said in reports]
    assert 0 == server.command("check").returncode


def test_killed_under_load(server: RealServer, agent: RealAgent) -> None:
    """Killed in the middle of a long backlog: the rest arrives afterwards, each once, in order."""
    agent.patience = 0
    server.stop()
    for number in range(40):
        agent.facts = {"os": {"os.id": f"{number}"}}
        agent.once()
    server.start()
    assert server.process is not None
    timer = threading.Timer(0.35, server.process.process.send_signal, [signal.SIGKILL])
    timer.start()
    agent.once(with_scan=False)
    timer.join()
    server.stop(signal.SIGKILL)
    server.start()
    done = agent.once(with_scan=False)
    assert (0, None, ()) == (done.waiting, done.problem, done.alarms)
    assert list(range(1, 41)) == [said.predicate["sequence"] for said in server.statements()]
    assert 0 == server.command("check").returncode
