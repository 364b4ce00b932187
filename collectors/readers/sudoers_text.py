r"""sudoers(5) as text: logical lines with their source, includes followed, and a scanner for words.

A word keeps its leading "!" apart; `\\` takes the meaning of the letter behind it; double quotes hold one
word together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import hostname

_INCLUDE: Final = re.compile(r'[@#](include|includedir)\s+("[^"]*"|(?:\\.|\S)+)\s*(?:#.*)?$')
_COMMENT: Final = re.compile(r"(?<!\\)#(?!-?\d)")
_DEPTH_MAX: Final = 128
_FILES_MAX: Final = 1000


@dataclass(frozen=True)
class Text:
    """One logical line and where it starts."""

    text: str
    source: str


def read(host: Host, path: str) -> Iterator[Text]:
    """The lines of a sudoers file and of what it includes, in the order in which sudo reads them.

    As sudo does, an included file that is not there is gone past. Raises `Unseen`.
    """
    yield from _read(host, path, 0, [0])


def _read(host: Host, path: str, depth: int, count: list[int]) -> Iterator[Text]:
    count[0] += 1
    if depth > _DEPTH_MAX or count[0] > _FILES_MAX:
        raise Unseen("malformed", path, "too many levels of includes")
    try:
        text = host.text(path)
    except Unseen as unseen:
        if depth and unseen.reason == "not_found":
            return
        raise
    for line in logical_lines(text, path):
        include = _INCLUDE.match(line.text.strip())
        if include is None:
            yield line
            continue
        named = re.sub(r"\\(.)", r"\1", include[2].strip('"')).replace("%h", hostname.short(host) or "%h")
        target = named if named.startswith("/") else f"{path.rsplit('/', 1)[0]}/{named}"
        for one in _folder(host, target) if include[1] == "includedir" else [target]:
            yield from _read(host, one, depth + 1, count)


def _folder(host: Host, path: str) -> list[str]:
    """The files of an includedir: sorted, without names that end in "~" or hold a dot.

    A missing folder is empty.
    """
    try:
        names = host.list(path)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return []
        raise
    files = [f"{path}/{name}" for name in names if "." not in name and not name.endswith("~")]
    return [one for one in files if host.exists(one) and host.stat(one).kind == "file"]


def logical_lines(text: str, path: str) -> Iterator[Text]:
    """Lines joined at a trailing backslash, without comments and blanks. "#" before a number is a user id."""
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        start = start if parts else number
        directive = not parts and _INCLUDE.match(raw.strip())
        line = raw if directive else _uncommented(raw)
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        whole = "".join([*parts, line]).strip()
        parts = []
        if whole:
            yield Text(whole, f"{path}:{start}")
    if "".join(parts).strip():
        yield Text("".join(parts).strip(), f"{path}:{start}")


def _uncommented(line: str) -> str:
    for match in _COMMENT.finditer(line):
        if line.count('"', 0, match.start()) % 2 == 0:
            return line[: match.start()].rstrip(" \t")
    return line


@dataclass
class Scanner:
    """A place in a logical line."""

    text: str
    source: str
    at: int = 0
    stops: str = field(default=" \t,=:()")

    def blanks(self) -> None:
        """Go past blanks."""
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def take(self, literal: str) -> bool:
        """Go past blanks and `literal`, if it stands here."""
        self.blanks()
        if self.text.startswith(literal, self.at):
            self.at += len(literal)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go past blanks and a pattern, if it stands here."""
        self.blanks()
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def word(self, stops: str) -> str:
        """Letters up to one of `stops`, quoted and escaped ones taken as they are."""
        letters, quoted = [], False
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == '"':
                quoted = not quoted
            elif letter == "\\" and self.at + 1 < len(self.text):
                self.at += 1
                letters.append(self.text[self.at])
            elif letter in stops and not quoted:
                break
            else:
                letters.append(letter)
            self.at += 1
        return "".join(letters)

    def items(self, stops: str = " \t,=:()") -> list[str]:
        """A list parted by commas.

        "a, !b, c" is ["a", "!b", "c"]. Raises `Unseen` (malformed) for an empty item.
        """
        found = []
        while True:
            negations = 0
            while self.take("!"):
                negations += 1
            self.blanks()
            word = self.word(stops).strip()
            if not word:
                raise self.wrong()
            found.append("!" * (negations % 2) + word)
            if not self.take(","):
                return found

    def wrong(self) -> Unseen:
        """The `Unseen` for a line that is not understood."""
        return Unseen("malformed", self.source, "not understood")
