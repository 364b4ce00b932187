"""docs/server-commands.md, out of the same declarations as --help; a test holds the two together."""

import argparse
import sys
from collections.abc import Iterator

from server.options import parser

_MADE_BY = "python -m server.commands_page > docs/server-commands.md"


def document() -> str:
    """The page as Markdown."""
    made = parser()
    lines = ["# The `boltseal-server` command", "", str(made.description), ""]
    lines += [f"Made by `{_MADE_BY}`; do not edit.", "", *_epilog(made)]
    for own, text in _leaves(made, ""):
        rows = [f"| `{_spelling(each)}` | {_meaning(each)} |" for each in own._actions if each.dest != "help"]
        table = ["| Option | Meaning |", "| --- | --- |", *rows, ""] if rows else []
        lines += [
            f"## {own.prog}",
            "",
            f"{text[0].upper()}{text[1:].rstrip('.')}.",
            "",
            *table,
            *_epilog(own),
        ]
    return "\n".join(lines).rstrip() + "\n"


def _leaves(made: argparse.ArgumentParser, text: str) -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """The commands that do something with what they do, in the order of the help."""
    inner = [each for each in made._actions if isinstance(each, argparse._SubParsersAction)]
    if not inner:
        yield made, made.description or text
    for each in inner:
        said = {own.dest: own.help or "" for own in each._choices_actions}
        for name, own in each.choices.items():
            yield from _leaves(own, said[name])


def _epilog(made: argparse.ArgumentParser) -> list[str]:
    return ["```", made.epilog.rstrip(), "```", ""] if made.epilog else []


def _spelling(action: argparse.Action) -> str:
    if not action.option_strings:
        return str(action.metavar or action.dest)
    value = f" {action.metavar or action.dest.upper()}" if action.nargs != 0 else ""
    return ", ".join(action.option_strings) + value


def _meaning(action: argparse.Action) -> str:
    return str(action.help or "").replace("%(default)s", str(action.default))


if __name__ == "__main__":
    sys.stdout.write(document())
