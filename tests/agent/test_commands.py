"""The command line itself: help with examples, exit codes, and docs/commands.md, all out of one declaration."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from agent import commands_page, exits
from agent.__main__ import entry
from agent.commands import COMMANDS, Command, parser
from agent.exits import AlarmError, ServerRefusedError, exit_code
from config.errors import InputError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def help_of(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What --help prints."""
    with pytest.raises(SystemExit) as ended:
        entry([*argv, "--help"])
    assert 0 == ended.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_help(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command's help has its options, its examples and the exit codes."""
    text = help_of(capsys, command.name)
    for line, why in command.examples:
        assert line in text
        assert why in text
    for code, meaning in exits.MEANINGS.items():
        assert re.search(rf"^ +{code}  {re.escape(meaning)}$", text, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_examples(command: Command) -> None:
    """Each example is a line that the parser takes."""
    for line, _ in command.examples:
        words = re.sub(r"[<>] ?\S+", "", line).split()
        arguments = parser().parse_args(words[1:])
        assert command.name == arguments.command


def test_page(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/commands.md is what the declarations say; `python -m agent.commands_page > docs/commands.md`."""
    assert commands_page.document() == PAGE.read_text()
    for command in COMMANDS:
        text = help_of(capsys, command.name)
        for option in re.findall(r"^\| `(-[-a-z, ]+)", commands_page.document(), re.MULTILINE):
            if option.split(",")[0] in text:
                assert all(spelling.strip() in text for spelling in option.split(","))


def test_json_everywhere() -> None:
    """Whatever prints a table can print JSON."""
    subparsers = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    without = [name for name, one in subparsers.choices.items() if "--json" not in one.format_help()]
    assert ["run", "service"] == without


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["no"],
        ["scan", "--no-such"],
        ["scan", "--mfa-reading", "x"],
        ["once", "--wait", "-1"],
        ["once", "--wait", "x"],
        ["once", "--no-scan", "--show"],
        ["verify", "f"],
        ["enroll"],
    ],
)
def test_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage ends with 2 and says what is wrong."""
    with pytest.raises(SystemExit) as ended:
        entry(argv)
    assert exits.USAGE == ended.value.code
    assert "boltseal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("enrolment_string_malformed", ""), exits.USAGE),
        (InputError("state_locked", ""), exits.STATE),
        (InputError("key_missing", ""), exits.STATE),
        (InputError("not_enrolled", ""), exits.STATE),
        (InputError("disk_full", ""), exits.STATE),
        (InputError("server_unreachable", ""), exits.UNREACHABLE),
        (InputError("tls_ca_wrong", ""), exits.UNREACHABLE),
        (ServerRefusedError("disk_full", ""), exits.FAILED),
        (AlarmError("log_not_extension", ""), exits.FAILED),
    ],
)
def test_exit_code(error: InputError, code: int) -> None:
    """Which error ends with which code; the server's full disk is not ours."""
    assert code == exit_code(error)
