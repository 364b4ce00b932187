"""docs/commands.md, out of the same declarations as --help; a test holds the two together."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from agent import exits
from agent.commands import COMMANDS, SUMMARY, parser

_MADE_BY: Final = "python -m agent.commands_page > docs/commands.md"


def document() -> str:
    """The page as Markdown."""
    lines = ["# The `boltseal` command", "", SUMMARY, "", f"Made by `{_MADE_BY}`; do not edit.", ""]
    subparsers = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    for command in COMMANDS:
        lines += [f"## boltseal {command.name}", "", command.text, ""]
        lines += ["| Option | Meaning |", "| --- | --- |"]
        for action in subparsers.choices[command.name]._actions:
            spelling = _spelling(action).replace("|", r"\|")  # a bar would end the table's cell
            lines.append(f"| `{spelling}` | {action.help} |")
        lines += ["", "```"]
        lines += [f"{line:<50} # {why}" for line, why in command.examples]
        lines += ["```", ""]
    lines += ["## Exit codes", "", "| Code | Meaning |", "| --- | --- |"]
    lines += [f"| {code} | {meaning} |" for code, meaning in exits.MEANINGS.items()]
    return "\n".join(lines) + "\n"


def _spelling(action: argparse.Action) -> str:
    value = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else "")
    if not action.option_strings:
        return str(value)
    takes_value = action.nargs != 0
    return ", ".join(action.option_strings) + (f" {value}" if takes_value and value else "")


if __name__ == "__main__":
    sys.stdout.write(document())
