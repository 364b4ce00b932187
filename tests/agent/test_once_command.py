"""What `boltseal once` and `enroll` say, and with which code they end."""

from __future__ import annotations

import pytest

from agent import exits
from agent.alarms import Alarm
from agent.exits import ServerRefusedError
from agent.once import Done
from agent.once_command import _told, code_of
from config.errors import InputError

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
