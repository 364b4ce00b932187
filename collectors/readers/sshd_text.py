"""sshd_config(5) as text: lines with the Match blocks that they stand in, includes followed.

The words of a line are parted in two ways, as in OpenSSH's misc.c: the keyword (and everything on a Match
line) by strdelim, which also parts at "=", the other arguments by argv_split, which knows quotes and
backslashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
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
    """A setting. `guard` are the blocks that must all match; `error` says why sshd refuses the line.

    `rest` is all that follows the keyword.
    """

    keyword: str
    arguments: tuple[str, ...]
    guard: tuple[Block, ...]
    source: str
    error: str = ""
    rest: str = ""


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
            line = Line(name, tuple(arguments), guard, source)
            if not arguments or "" in arguments:
                yield replace(line, error="no file is named")
            for pattern in arguments:
                if not pattern.startswith("~"):
                    for one in _found(host, pattern):
                        yield from _included(host, one, line, depth)
        else:
            yield Line(name, tuple(arguments), guard, source, rest=rest)


def _included(host: Host, path: str, line: Line, depth: int) -> Iterator[Line]:
    """The lines of an included file. To sshd a folder is empty, and a link that leads nowhere is an error."""
    if depth >= _DEPTH_MAX:
        yield replace(line, error="too many levels of includes")
        return
    try:
        if host.stat(path).kind != "dir":
            yield from _read(host, path, line.guard, depth + 1)
    except Unseen as unseen:
        if unseen.reason != "not_found":
            raise
        yield replace(line, error=f"{path} is not there")


def _found(host: Host, pattern: str) -> list[str]:
    """The files of an Include. A link that leads nowhere is found too, as by glob(3)."""
    whole = pattern if pattern.startswith("/") else f"{FOLDER}/{pattern}"
    found = glob(host, whole)
    return found or ([whole] if _is_link(host, whole) else [])


def _is_link(host: Host, path: str) -> bool:
    try:
        return host.stat(path, follow=False).kind == "link"
    except Unseen as unseen:
        if unseen.reason in ("not_found", "malformed"):
            return False
        raise


def given(text: str, source: str) -> Line:
    """The line that an option -o of sshd is."""
    keyword, rest = _keyword(text.strip(_BLANKS))
    arguments = argv_split(rest)
    told = "" if arguments and keyword.lower() not in ("match", "include") else "bad option"
    return Line(keyword.lower(), tuple(arguments or ()), (), source, told, rest)


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
        if (
            not pattern
            or pattern.startswith("#")
            or name not in _ATTRIBUTES
            or not _is_pattern(name, pattern)
        ):
            return Block((), source)
        criteria.append((name, pattern))
    return Block(tuple(criteria), source)


def _is_pattern(name: str, pattern: str) -> bool:
    """Whether sshd takes a pattern: a port that is one, networks without bits behind their mask."""
    if name == "localport":
        return pattern == "ssh" or (pattern.isascii() and pattern.isdecimal() and int(pattern) < 65536)
    if name not in ("address", "localaddress"):
        return True
    for item in pattern.split(","):
        address, _, length = item.removeprefix("!").partition("/")
        if (
            length.isdecimal()
            and _parses(ip_address, address)
            and not _parses(ip_network, f"{address}/{length}")
        ):
            return False
    return True


def _parses(function: Callable[[str], object], text: str) -> bool:
    try:
        function(text)
    except ValueError:
        return False
    return True
