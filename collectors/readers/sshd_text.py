"""sshd_config(5) as text: lines with the Match blocks that they stand in, includes followed.

The words of a line are parted in two ways, as in OpenSSH's misc.c: the keyword (and everything on a Match
line) by strdelim, which also parts at "=", the other arguments by argv_split, which knows quotes and
backslashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen, glob

CONFIG: Final = "/etc/ssh/sshd_config"
FOLDER: Final = "/etc/ssh"
_DEPTH_MAX: Final = 16
_LINES_MAX: Final = 20_000
_BLANKS: Final = " \t\r\n"


@dataclass(frozen=True)
class Block:
    """One Match line: attribute and pattern of each of its criteria; ("all", "") alone for `Match all`."""

    criteria: tuple[tuple[str, str], ...]
    source: str

    @property
    def text(self) -> str:
        """The condition as it stands in the file."""
        return " ".join(f"{name} {pattern}".strip() for name, pattern in self.criteria)

    @property
    def is_all(self) -> bool:
        """Whether it holds for every connection."""
        return self.criteria == (("all", ""),)


@dataclass(frozen=True)
class Line:
    """A setting. `guard` are the blocks that must all match; `error` says why sshd refuses the line."""

    keyword: str
    arguments: tuple[str, ...]
    guard: tuple[Block, ...]
    source: str
    error: str = ""


def read(host: Host, path: str = CONFIG) -> list[Line]:
    """Every line of a configuration in the order in which sshd reads it. Raises `Unseen`."""
    found = []
    for line in _read(host, path, (), 0):
        found.append(line)
        if len(found) > _LINES_MAX:
            raise Unseen("too_large", path, f"more than {_LINES_MAX} lines")
    return found


def _read(host: Host, path: str, guard: tuple[Block, ...], depth: int) -> Iterator[Line]:
    outer = guard
    for number, raw in enumerate(host.text(path).split("\n"), start=1):
        text = raw.strip(_BLANKS + "\f")
        source = f"{path}:{number}"
        keyword, rest = _keyword(text)
        if not keyword or keyword.startswith("#"):
            continue
        name = keyword.lower()
        arguments = argv_split(rest)
        if not rest or arguments is None:
            yield Line(name, (), guard, source, "no argument" if not rest else "invalid quotes")
        elif name == "match":
            block = _block(rest, source)
            guard = (*outer, block)
            yield Line(name, (), guard, source, "" if block.criteria else "bad Match condition")
        elif name == "include":
            for pattern in arguments:
                whole = pattern if pattern.startswith("/") else f"{FOLDER}/{pattern}"
                for one in _found(host, whole):
                    if depth >= _DEPTH_MAX:
                        yield Line(name, (), guard, source, "too many levels of includes")
                        break
                    yield from _read(host, one, guard, depth + 1)
        else:
            yield Line(name, tuple(arguments), guard, source)


def _found(host: Host, pattern: str) -> list[str]:
    return glob(host, pattern)


def _keyword(text: str) -> tuple[str, str]:
    """The first word and what is left (strdelim): "A=b", "A = b", "A b" and '"A" b' are the same."""
    word, rest = strdelim(text)
    if not word and rest:
        word, rest = strdelim(rest)
    return word, rest


def strdelim(text: str) -> tuple[str, str]:
    """The next word of a line and what is left; words end at blanks, quotes, and one "="."""
    end = next((index for index, letter in enumerate(text) if letter in _BLANKS + '"='), len(text))
    if end < len(text) and text[end] == '"':
        close = text.find('"', end + 1)
        if close < 0:
            return "", ""
        return text[:end] + text[end + 1 : close], text[close + 1 :].lstrip(_BLANKS)
    word, rest = text[:end], text[end + 1 :].lstrip(_BLANKS)
    if end < len(text) and text[end] != "=" and rest.startswith("="):
        rest = rest[1:].lstrip(_BLANKS)
    return word, rest


def argv_split(text: str) -> list[str] | None:
    """The arguments of a line, up to a "#" that starts one; None when a quote is not closed."""
    found: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in " \t":
            at += 1
            continue
        if text[at] == "#":
            break
        letters, quote = [], ""
        while at < len(text):
            letter, after = text[at], text[at + 1 : at + 2]
            if letter == "\\" and (after in ("'", '"', "\\") or (not quote and after == " ")):
                letters.append(after)
                at += 1
            elif not quote and letter in " \t":
                break
            elif not quote and letter in "\"'":
                quote = letter
            elif letter == quote:
                quote = ""
            else:
                letters.append(letter)
            at += 1
        if quote:
            return None
        found.append("".join(letters))
    return found


_ATTRIBUTES: Final = ("user", "group", "host", "address", "localaddress", "localport", "rdomain", "version")


def _block(rest: str, source: str) -> Block:
    """The criteria of a Match line; none of them when sshd would refuse it."""
    criteria: list[tuple[str, str]] = []
    while rest:
        attribute, rest = strdelim(rest)
        if not attribute or attribute.startswith("#"):
            break
        name = attribute.lower()
        if name == "all":
            pattern, _ = strdelim(rest)
            alone = not criteria and (not pattern or pattern.startswith("#"))
            return Block((("all", ""),) if alone else (), source)
        if name == "invalid-user":
            criteria.append((name, ""))
            continue
        pattern, rest = strdelim(rest)
        if not pattern or pattern.startswith("#") or name not in _ATTRIBUTES:
            return Block((), source)
        criteria.append((name, pattern))
    return Block(tuple(criteria), source)
