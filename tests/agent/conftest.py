"""An enrolled agent on a state folder of its own, its clock, and the twin of its server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from agent import enrol, once, spool, state
from agent.chain import Chain
from agent.identity import Identity, enrolled
from agent.once import Done, Looking
from agent.ship import Hands
from agent.state import State
from collectors import Collector
from collectors.findings import Fact, Findings
from config.settings import AgentSettings
from tests.agent.twin import CA_PEM, Clock, ServerTwin
from tests.collectors.twin import Twin as HostTwin


@dataclass
class Agent:
    """One agent with everything it acts with; what it sees is `facts`."""

    state: State
    server: ServerTwin
    clock: Clock
    facts: dict[str, dict[str, str]] = field(default_factory=lambda: {"os": {"os.id": "debian"}})
    waits: list[float] = field(default_factory=list)
    now: float = 0.0
    patience: float = 60.0
    settings: AgentSettings = field(default_factory=AgentSettings)

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return enrolled(self.state)

    @property
    def chain(self) -> Chain:
        """The account of its chain, as it lies on disk."""
        return spool.peek(self.state)

    def hands(self, identity: Identity | None = None) -> Hands:
        """Hands whose waiting takes no time."""
        return Hands(
            self.server,
            self.clock,
            self._sleep,
            lambda: self.now,
            lambda: 1.0,
            patience_seconds=self.patience,
        )

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        self.clock.forward(seconds=seconds)

    def once(self, trigger: str = "manual", with_scan: bool = True) -> Done:
        """One run."""
        looking = Looking(lambda: HostTwin({}), self._collectors()) if with_scan else None
        return once.once(self.state, self.settings, trigger, looking, self.hands)

    def _collectors(self) -> Mapping[str, Collector]:
        return {name: seeing(name, facts) for name, facts in self.facts.items()}

    def files(self, name: str) -> list[Path]:
        """What lies in one of the state's folders."""
        return sorted(self.state.path(name).glob("*.json"))


def seeing(name: str, facts: Mapping[str, str]) -> Collector:
    """A collector that sees these facts."""

    def collect(host: object) -> Findings:
        findings = Findings()
        for fact, value in facts.items():
            findings.fact(fact, value, "a test")
        return findings

    return Collector(name, 1, {fact: Fact("str", "") for fact in facts}, collect)


@pytest.fixture
def clock() -> Clock:
    """The agent's clock and the twin's."""
    return Clock()


@pytest.fixture
def server(clock: Clock) -> ServerTwin:
    """A server that nobody is enrolled with."""
    return ServerTwin(clock)


@pytest.fixture
def fresh(tmp_path: Path) -> State:
    """A state folder before enrolment."""
    return state.create(tmp_path / "state")


@pytest.fixture
def agent(fresh: State, server: ServerTwin, clock: Clock) -> Agent:
    """An enrolled agent."""
    enrol_with(fresh, server, clock)
    return Agent(fresh, server, clock)


def enrol_with(fresh: State, server: ServerTwin, clock: Callable[[], datetime]) -> Identity:
    """Enrol a state folder with a twin."""
    invitation = enrol.parse(server.enrolment_string)
    with state.locked(fresh):
        return enrol.enrol(fresh, invitation, lambda url: CA_PEM, server.connect, clock)
