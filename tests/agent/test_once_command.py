"""What `boltseal once` and `enroll` say, and with which code they end."""

from __future__ import annotations

import json

import pytest

from agent import exits, once_command
from agent.alarms import Alarm
from agent.commands import parser
from agent.console import Style
from agent.exits import ServerRefusedError
from agent.once import Done, Looking
from agent.once_command import _told, code_of, judged_of
from agent.render import render
from config.errors import InputError
from config.settings import AgentSettings
from tests.agent.conftest import Agent, seeing
from tests.collectors.twin import Twin as HostTwin

ALARM = Alarm("sequence_fork", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z", 1, "detail", None)
UNREACHABLE = InputError("server_unreachable", "nobody answers", "sent later")


@pytest.mark.parametrize(
    ("done", "code", "words"),
    [
        (Done(3, 1, 0, None, ()), exits.OK, "Report 3 is sealed and spooled.\n1 sent"),
        (Done(None, 0, 0, None, ()), exits.OK, "Nothing waits."),
        (Done(3, 0, 2, UNREACHABLE, ()), exits.UNREACHABLE, "2 waiting in the spool"),
        (Done(3, 0, 2, ServerRefusedError("busy", "x"), ()), exits.FAILED, "2 waiting"),
        (Done(3, 1, 0, None, (ALARM,)), exits.FAILED, "1 sent"),
        (Done(3, 0, 1, UNREACHABLE, (ALARM,)), exits.FAILED, "1 waiting"),
    ],
)
def test_done(done: Done, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What was done goes to standard output, what went wrong to standard error; an alarm outweighs all."""
    assert code == code_of(done)
    assert words in _told(done)
    err = capsys.readouterr().err
    assert (done.problem is not None) == ("[server_unreachable]" in err or "[busy]" in err)
    assert bool(done.alarms) == ("ALARM" in err)


def test_show(agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--show` prints the table of the scan that was sealed, after one look and without another exit code."""
    looked: list[str] = []
    collector = seeing("os", {"os.id": "debian"})
    looking = Looking(lambda: HostTwin({}), {"os": collector}, looked.append)
    monkeypatch.setattr(once_command, "real_looking", lambda settings, progress: looking)
    monkeypatch.setattr(once_command, "connector", lambda opened, patience, note: agent.hands)
    arguments = parser().parse_args(["once", "--show", "--trigger", "enrolment", "--state", "x"])
    assert ("enrolment", True) == (arguments.trigger, arguments.show)
    assert exits.OK == once_command.work(agent.state, "enrolment", True, None, False, show=True)
    out = capsys.readouterr().out
    assert ["os"] == looked
    (said,) = agent.server.reports
    assert "enrolment" == said.predicate["trigger"]
    judged = judged_of(agent.once(), AgentSettings())
    assert judged is not None
    assert out.startswith("Report 1 is sealed and spooled.\n1 sent")
    # When it was, and what it cost, is each scan's own.
    shown = [
        [line for line in text.splitlines()[2:] if " of CPU, " not in line]
        for text in (render(judged, Style()), out.split("\n\n", 1)[1])
    ]
    assert shown[0] == shown[1]


def test_show_json(agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, the scan stands beside what became of the run; without `--show` there is none."""
    looking = Looking(lambda: HostTwin({}), {"os": seeing("os", {"os.id": "debian"})})
    monkeypatch.setattr(once_command, "real_looking", lambda settings, progress: looking)
    monkeypatch.setattr(once_command, "connector", lambda opened, patience, note: agent.hands)
    once_command.work(agent.state, "manual", True, None, True, show=True)
    shown = json.loads(capsys.readouterr().out)
    sealed = agent.server.reports[0].subjects[0].sha256
    assert (1, sealed) == (shown["sequence"], shown["scan"]["collectors"]["os"]["digest"])
    once_command.work(agent.state, "manual", True, None, True)
    assert "scan" not in json.loads(capsys.readouterr().out)
