"""The running configuration of a command line like Cisco's: lines, and under each those that are indented deeper.

Banners and macros hold free text, which may look like commands, so they are left out up to their closing mark. A text
that does not end in `end` was cut off, and what it lacks would look as if it were not configured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from collectors.door import Unseen

_BANNER: Final = re.compile(r"banner \S+ (\^.|.)")


@dataclass(frozen=True)
class Line:
    """One command of the configuration. Its text may hold secrets: sources name its number alone."""

    number: int
    text: str
    under: tuple[Line, ...] = ()

    @property
    def words(self) -> list[str]:
        """The command's words."""
        return self.text.split()

    def after(self, prefix: str) -> str | None:
        """What follows these whole words, None for another command."""
        return self.text[len(prefix) :].strip() if (self.text + " ").startswith(prefix + " ") else None


def read(text: str, source: str) -> tuple[Line, ...]:
    """The commands of a configuration; `malformed` where it is not whole."""
    lines = list(_commands(text, source))
    if not lines or lines[-1][1:] != (0, "end"):
        raise Unseen("malformed", source, "does not end in end")
    return _nest(lines, 0, len(lines))


def starting(lines: Iterable[Line], prefix: str) -> list[tuple[Line, str]]:
    """The commands that begin with these whole words, and what follows them."""
    return [(line, rest) for line in lines if (rest := line.after(prefix)) is not None]


def has(lines: Iterable[Line], text: str) -> Line | None:
    """The command that is exactly this one."""
    return next((line for line in lines if line.text == text), None)


def _commands(text: str, source: str) -> Iterator[tuple[int, int, str]]:
    """Number, indentation and text of each command."""
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if closing is not None:
            closing = None if (line == "@" if closing == "@" else closing in line) else closing
            continue
        found = _BANNER.match(line)
        if found:
            closing = None if found[1] in line[found.end() :] else found[1]
            continue
        closing = "@" if line.startswith("macro name ") else None
        command = line.strip()
        if command and not command.startswith("!"):
            yield number, len(line) - len(line.lstrip()), command
    if closing is not None:
        raise Unseen("malformed", source, "a banner or macro without an end")


def _nest(lines: list[tuple[int, int, str]], start: int, end: int) -> tuple[Line, ...]:
    found = []
    while start < end:
        number, depth, text = lines[start]
        after = start + 1
        while after < end and lines[after][1] > depth:
            after += 1
        found.append(Line(number, text, _nest(lines, start + 1, after)))
        start = after
    return tuple(found)
