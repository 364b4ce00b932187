"""A real server in a process of its own, and real agents on state folders of their own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import enrol, once, state
from agent.exits import exit_code
from agent.identity import Identity
from agent.once import Done, Looking
from agent.ship import Hands
from agent.state import State
from agent.transport import Https, fetch_ca
from config import envelope, statement
from config.settings import AgentSettings
from config.statement import Statement
from server import founding
from server.home import Home
from tests.agent.conftest import seeing
from tests.collectors.twin import Twin as HostTwin
from tests.server.running import Running
from tests.server.twin import copied, rows


@dataclass
class RealServer:
    """The real `boltseal-server run`, always on the same port, which can be stopped, killed and started again."""

    home: Home
    port: int
    log: Path
    process: Running | None = None

    @property
    def url(self) -> str:
        """Where agents find it."""
        return f"https://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = Running(self.home, "--listen", f"127.0.0.1:{self.port}", log=self.log)

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stop or kill it."""
        if self.process is not None:
            self.process.stop(how)
            self.process = None

    def command(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Another command on its home."""
        line = [sys.executable, "-m", "server", "--home", str(self.home.folder), *argv]
        return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)

    def enrolment_string(self, *options: str) -> str:
        """What its operator hands out."""
        done = self.command("token", "new", "--url", self.url, *options)
        assert done.returncode == 0, done.stderr
        return next(line for line in done.stdout.split() if line.startswith(enrol.PREFIX))

    def statements(self, kind: str = "report") -> list[Statement]:
        """The statements of a kind that it keeps, in the log's order."""
        import zlib

        found = rows(self.home, "SELECT envelope FROM statement WHERE kind=? ORDER BY leaf_index", kind)
        return [statement.decode(envelope.decode(zlib.decompress(packed)).payload) for (packed,) in found]

    @property
    def key_id(self) -> str:
        """The fingerprint that an auditor has from elsewhere."""
        return self.home.key("server").public.key_id

    def export(self, to: Path) -> bytes:
        """A bundle of everything."""
        done = self.command("export", "--out", str(to))
        assert done.returncode == 0, done.stderr
        return to.read_bytes()


@dataclass
class RealAgent:
    """An agent that signs, spools and ships for real; only what it sees and its clock are the test's."""

    state: State
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"os": {"os.id": "debian"}})
    patience: float = 20.0
    settings: AgentSettings = field(default_factory=AgentSettings)

    def once(self, trigger: str = "manual", with_scan: bool = True) -> Done:
        """One run, over the real wire."""
        collectors = {name: seeing(name, facts) for name, facts in self.facts.items()}
        looking = Looking(lambda: HostTwin({}), collectors) if with_scan else None
        return once.once(self.state, self.settings, trigger, looking, self._hands)

    def _hands(self, identity: Identity) -> Hands:
        wire = Https(identity.url, self.state.path("ca.pem"), self.clock, any_time=True)
        return Hands(wire, self.clock, patience_seconds=self.patience)

    @property
    def alarms(self) -> list[str]:
        """The alarms that stand."""
        return sorted(path.stem for path in self.state.path("alarms").glob("*.json"))

    @property
    def spool(self) -> list[Path]:
        """What waits."""
        return sorted(self.state.path("spool").glob("*.json"))


@pytest.fixture(scope="session")
def founded_today(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A complete home that nobody changes."""
    founding.set_up_django(None)
    settings = founding.default_settings("Example Freight", "", "boltseal/ends")
    folder = tmp_path_factory.mktemp("founded") / "home"
    return founding.found(folder, ["localhost", "127.0.0.1"], settings, datetime.now(UTC))


@contextmanager
def serving(founded: Home, scratch: Path) -> Iterator[RealServer]:
    """A running server in a copy of this home below `scratch`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    real = RealServer(copied(founded, scratch / "home"), port, scratch / "server.log")
    real.start()
    try:
        yield real
    finally:
        with suppress(ProcessLookupError):
            real.stop(signal.SIGKILL)


@pytest.fixture
def server(founded_today: Home, tmp_path: Path) -> Iterator[RealServer]:
    """A running server in a home of its own."""
    with serving(founded_today, tmp_path) as real:
        yield real


@pytest.fixture
def agent(server: RealServer, tmp_path: Path) -> RealAgent:
    """An enrolled agent."""
    return enrolled_agent(server, tmp_path / "state")


def enrolled_agent(server: RealServer, folder: Path) -> RealAgent:
    """Enrol a fresh state folder."""
    opened = state.create(folder)
    invitation = enrol.parse(server.enrolment_string())
    with state.locked(opened):
        enrol.enrol(opened, invitation, fetch_ca, Https, lambda: datetime.now(UTC))
    return RealAgent(opened)


def boltseal(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    line = [sys.executable, "-I", "-m", "agent", *argv]
    return subprocess.run(line, capture_output=True, text=True, timeout=300, check=False, **options)


__all__ = ["RealAgent", "RealServer", "boltseal", "enrolled_agent", "exit_code"]
