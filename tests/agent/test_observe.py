"""What agent.toml says of observed subjects, and doors that do not open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from agent import observe, parts, status
from agent.health_observed import observed
from agent.once import Looking, once
from agent.service import CHILD_MAX_SECONDS, _child_seconds, work_due
from agent.settings import read_settings
from agent.state import State
from collectors import discover
from collectors.door import Door, Unseen
from collectors.doors.connecting import ConnectError
from config.errors import InputError
from config.settings import Observe, agent_settings
from tests.agent.conftest import Agent, seeing
from tests.agent.twin import unreachable
from tests.collectors.twin import Node
from tests.collectors.twin import Twin as HostTwin

WEB = Observe("ssh", "audit@web1", "web1")
TOML = b'[[observe]]\nkind = "ssh"\naddress = "audit@web1"\n'


@contextmanager
def _twin(table: Observe, budget_seconds: float) -> Iterator[Door]:
    yield HostTwin({"/etc/hostname": Node(content=b"web1\n")})


def _failing(error: BaseException | None) -> observe.Opener:
    @contextmanager
    def opener(table: Observe, budget_seconds: float) -> Iterator[Door]:
        if error is not None:
            raise error
        yield HostTwin({})

    return opener


def test_arguments() -> None:
    """A table says what the command line says."""
    options: dict[str, str | bool | list[str]] = {"password_file": "/etc/boltseal/web1", "sudo": True}
    given = observe.arguments(replace(WEB, options=options))
    assert ("audit@web1", "/etc/boltseal/web1", True) == (given.ssh, given.ssh_password_file, given.ssh_sudo)


def test_arguments_spelt_otherwise() -> None:
    """An option has its kind's name in the table, however the command line spells it."""
    table = Observe(
        "mail", "example.org", "ours", options={"selector": ["s1", "s2"], "resolver": "192.0.2.53"}
    )
    given = observe.arguments(table)
    assert ("example.org", ["s1", "s2"], "192.0.2.53") == (
        given.mail,
        given.mail_selector,
        given.mail_resolver,
    )


@pytest.mark.parametrize("name", ["password", "ssh_key", "root", "known"])
def test_unknown_option(name: str) -> None:
    """An option that is none is named; its value, which may be a secret, is not."""
    with pytest.raises(InputError, match="observe_option") as caught:
        observe.arguments(replace(WEB, options={name: "hunter2"}))
    assert name.replace("_", "-") in caught.value.message
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("options", [{"sudo": "yes-hunter2"}, {"key": True}])
def test_option_of_another_form(options: dict[str, str | bool | list[str]]) -> None:
    """A switch takes no value, and what takes a value is no switch."""
    with pytest.raises(InputError, match="observe_option") as caught:
        observe.arguments(replace(WEB, options=options))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unseen("tool_missing", "nmap"), "tool_missing"),
        (Unseen("not_found", "web1"), "not_collected"),
        (ConnectError("ssh_login_refused", "no"), "malformed"),
        (InputError("ssh_login_refused", "no"), "permission_denied"),
        (InputError("ssh_host_key_changed", "no"), "permission_denied"),
        (InputError("ssh_unreachable", "no"), "not_collected"),
        (InputError("extra_missing", "no"), "tool_missing"),
        (ValueError("no address"), "malformed"),
        (KeyError("hunter2"), "collector_error"),
    ],
)
def test_closed(error: BaseException, reason: str) -> None:
    """Whatever a door says in place of opening becomes the reason of every fact; unknown is never a pass."""
    with ExitStack() as stack:
        door, problem = observe.door_of(stack, WEB, _failing(error), 5.0, "macos")
    assert problem is not None
    assert (reason, "macos") == (problem.reason, door.platform)
    assert "hunter2" not in str(problem.error)
    found = observe.collectors_of(door)
    assert found.keys() == discover("macos").keys()
    for collector in found.values():
        with pytest.raises(Unseen) as caught:
            collector.collect(door)
        assert reason == caught.value.reason


def test_too_slow() -> None:
    """A door that takes for ever has its budget, too."""

    @contextmanager
    def opener(table: Observe, budget_seconds: float) -> Iterator[Door]:
        time.sleep(30)
        yield HostTwin({})

    with ExitStack() as stack:
        door, problem = observe.door_of(stack, WEB, opener, 0.1)
    assert problem is not None
    assert ("budget_spent", "linux") == (problem.reason, door.platform)


def test_another_kind_behind_it() -> None:
    """A host that turns out to be a device is not reported as a host."""

    @contextmanager
    def opener(table: Observe, budget_seconds: float) -> Iterator[Door]:
        yield HostTwin({}, platform="device")

    with ExitStack() as stack:
        door, problem = observe.door_of(stack, WEB, opener, 5.0)
    assert problem is not None
    assert ("linux", "target_unseen") == (door.platform, problem.error.code)


def test_doctor() -> None:
    """It tries the door, and says what keeps it shut."""
    good = observed(WEB, 30.0, _twin)
    assert good.level in ("ok", "warn")
    assert "facts seen" in good.text
    bad = observed(WEB, 30.0, _failing(InputError("ssh_login_refused", "no key fits", "add it")))
    assert ("host.web1", "bad", "no key fits", "add it") == (bad.subject, bad.level, bad.text, bad.hint)


def _run(agent: Agent) -> None:
    agent.settings = agent_settings(TOML)
    looking = Looking(lambda: HostTwin({}), {"os": seeing("os", {"os.id": "debian"})}, opener=_twin)
    once(agent.state, agent.settings, "scheduled", looking, agent.hands)


def test_status(agent: Agent) -> None:
    """Every subject has its line, also before its first look and after it left the settings."""
    agent.state.path("agent.toml").write_bytes(TOML.replace(b"web1", b"web2"))
    _run(agent)
    told = {each.name: each for each in status.read_status(agent.state, agent.clock()).observed}
    assert ["host.web2", "host.web1"] == list(told)
    assert "not looked at yet" in told["host.web2"].text
    assert "report 1" in told["host.web1"].text
    assert (0, 1) == (told["host.web1"].waiting, (told["host.web1"].last_scan or {})["sequence"])


def test_service(agent: Agent) -> None:
    """What waits of a subject is sent as what waits of the host; a child may take as long as they all do."""
    agent.state.path("agent.toml").write_bytes(TOML)
    agent.patience = 0
    agent.server.faults.extend([unreachable] * 9)
    _run(agent)
    own, web = parts.every(agent.state)
    assert (agent.state, "host.web1") == (own, web.observed)
    later = agent.clock() + timedelta(minutes=90)
    assert ["once", "--no-scan"] == work_due(agent.state, later)
    assert CHILD_MAX_SECONDS < _child_seconds(agent.state)


def test_parts(agent: Agent) -> None:
    """A part shares the key, the server and the log with the host, and nothing else."""
    part = parts.part(agent.state, "device.switch")
    assert agent.state.path("key.pem") == part.path("key.pem")
    assert agent.state.path("alarms") == part.path("alarms")
    assert agent.state.path("chain.json") != part.path("chain.json")
    assert "h-1~device.switch" == part.subject("h-1")
    # Begun once: an account that went is not written anew.
    part.path("chain.json").unlink()
    parts.part(agent.state, "device.switch")
    assert not part.path("chain.json").exists()
    agent.state.path("observed.json").write_bytes(b'{"observed":1}')
    with pytest.raises(InputError, match="state_file_damaged"):
        parts.begun(agent.state)


def test_settings_of_the_folder(agent: Agent) -> None:
    """They are read from agent.toml as the others are."""
    agent.state.path("agent.toml").write_bytes(TOML)
    assert (WEB,) == read_settings(agent.state.folder).observe
    assert State(agent.state.folder) == agent.state
