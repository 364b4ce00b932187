"""Progress and errors on a terminal and elsewhere."""

from __future__ import annotations

import io
import time
from functools import partial

from agent.console import Progress, Style, plain, tell
from config.errors import InputError
from tests.agent.test_render import Terminal


def test_progress() -> None:
    """Nothing for what is quick; one line that is taken away again for what is not."""
    times = iter([0.0, 1.9, 2.1, 3.0])
    terminal = Terminal()
    progress = Progress(terminal, lambda: next(times))
    progress.say("quick")
    assert "" == terminal.getvalue()
    progress.say("slow")
    progress.say("slower")
    progress.end()
    assert "\r\x1b[Kslow\r\x1b[Kslower\r\x1b[K" == terminal.getvalue()
    progress.end()


def test_progress_of_one_long_step() -> None:
    """It is told again and again with its seconds, taken away at the end, and in a file it is not told."""
    for out in (Terminal(), io.StringIO()):
        times = iter(range(0, 100_000, 3))
        progress = Progress(out, partial(next, times))
        with progress.during("looking", 0.001):
            until = time.monotonic() + 5
            while out.getvalue().count("looking") < 2 and out.isatty() and time.monotonic() < until:
                time.sleep(0.001)
        told = out.getvalue()
        assert told.endswith("\r\x1b[K") == out.isatty()
        assert told.startswith("\r\x1b[Klooking (3 s)\r\x1b[Klooking (9 s)" if out.isatty() else "")
        assert out.getvalue() == told, "nothing is told afterwards"


def test_no_progress_in_a_file() -> None:
    """A log file is no terminal."""
    times = iter([0.0, 100.0])
    plain = io.StringIO()
    Progress(plain, lambda: next(times)).say("slow")
    assert "" == plain.getvalue()


def test_tell() -> None:
    """Message, code, hint."""
    out = io.StringIO()
    tell(InputError("a_code", "It is so.", "Do this."), out)
    tell(InputError("b_code", "It is so."), out)
    assert "boltseal: It is so. [a_code]\n  Do this.\nboltseal: It is so. [b_code]\n" == out.getvalue()


def test_status() -> None:
    """Padded before it is painted, so that columns stay columns."""
    assert "● met     |" == Style().status("met", 8) + "|"
    assert "\x1b[32m+ met     \x1b[0m|" == Style(colour=True, shapes=False).status("met", 8) + "|"


def test_plain() -> None:
    """Only text, only printable, only so much."""
    assert ("", "a?b", "aaa") == (plain(7), plain("a\u202eb"), plain("aaaa", 3))
