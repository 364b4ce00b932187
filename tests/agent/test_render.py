"""The table: what it shows, in which order, and on which terminals how."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from agent import view
from agent.console import Style, style_of
from agent.judged import Judged
from agent.render import render
from tests.agent.judging import exploited, judged


def worst() -> Judged:
    """A must that fails, a should that passes, the rest unknown."""
    return judged({"sshd.installed": False, "sshd.running": True}, {"sshd.use_pam": "permission_denied"})


def test_table() -> None:
    """Musts and shoulds apart, failing first with what was found and where, unknown with its reason."""
    text = render(worst(), Style())
    assert "MFA read as  text (guidance, as published)" in text
    assert "profile nist" in text
    must, should = text.index("\nMUST\n"), text.index("\nSHOULD\n")
    fail, unknown = text.index("Check one holds"), text.index("Check three holds")
    assert must < fail < unknown < should < text.index("4.4")
    assert "Check two holds" not in text
    assert "sshd.installed no, yes wanted" in text
    assert "permission_denied" in text[unknown:should]
    assert "sshd -T" in text
    assert "1 fact may not be read by this user" in text
    assert text.endswith("\n")


def test_other_subjects() -> None:
    """A tenant is called one, and nobody is told to become root for it."""
    one = worst()
    text = render(replace(one, scan=replace(one.scan, platform="entra")), Style())
    assert text.startswith("Tenant       h-1\n")
    assert "may not be read by this user; other rights see more" in text
    assert render(one, Style()).startswith("Host         h-1\n")


def test_exploited() -> None:
    """A hole that is known to be exploited is called out before all else, and the feeds are named with their dates."""
    text = render(exploited(("sudo", "su\x1bdo")), Style())
    told = text.index("UPDATE FIRST")
    assert told < text.index("\nMUST\n")
    assert "sudo (CVE-2021-3156, known since 2022-04-06)" in text
    assert "\x1b" not in text
    assert re.search(
        r"^Feeds +kev of \d{4}-\d\d-\d\d, eol of \d{4}-\d\d-\d\d \(the baseline", text, re.MULTILINE
    )
    assert "UPDATE FIRST" not in render(worst(), Style())
    assert "\nFeeds        none" in render(worst(), Style())


def test_exploited_many() -> None:
    """Of many holes the first are named, and the rest counted."""
    assert "and 2 more" in render(exploited(tuple("abcdefg")), Style())


def test_all() -> None:
    """--all shows what passes as well, and the documents by name."""
    text = render(worst(), Style(), everything=True)
    assert "Check two holds" in text
    assert "A policy" in text
    assert "--all" not in text


def test_colour() -> None:
    """A status is a word and a shape; colour only comes on top."""
    plain, coloured = render(worst(), Style()), render(worst(), Style(colour=True))
    assert "\x1b[31m✕ not met" in coloured
    assert plain == re.sub(r"\x1b\[\d+m", "", coloured)


def test_ascii() -> None:
    """A terminal that knows only ASCII gets shapes of ASCII."""
    table = render(worst(), Style(shapes=False))
    assert "x not met" in table
    assert table.replace("…", "").isascii()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_width(width: int) -> None:
    """Nothing that can be broken is wider than the terminal."""
    text = render(worst(), Style(width=width), everything=True)
    long = [line for line in text.splitlines() if len(line) > width]
    assert [] == [
        line for line in long if " Check " not in line and "How to fix" not in line and "checks" not in line
    ]


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is counted."""
    monkeypatch.setattr(view, "LINES_MAX", 1)
    assert "and 1 more (--all)" in render(worst(), Style())


def test_hostile() -> None:
    """A source that would steer the terminal is shown, not obeyed."""
    text = render(judged({"sshd.installed": False}, source="/etc/\x1b[2J\u202ex"), Style())
    assert "\x1b" not in text
    assert "\u202e" not in text


class Terminal(io.StringIO):
    """A terminal of some encoding."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_style() -> None:
    """Colour on a terminal only, never against NO_COLOR, never on a dumb one."""
    assert style_of(Terminal(), {}).colour
    assert not style_of(Terminal(), {"NO_COLOR": "1"}).colour
    assert style_of(Terminal(), {"NO_COLOR": ""}).colour
    assert not style_of(Terminal(), {"TERM": "dumb"}).colour
    assert not style_of(io.StringIO(), {}).colour
    ascii_only = Terminal()
    ascii_only.encoding = "ascii"
    assert not style_of(ascii_only, {}).shapes
