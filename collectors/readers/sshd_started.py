"""With what options sshd runs or is started: each distinct set is a server of its own.

Told from the command lines of running servers (their process titles hold them), and from the units that start
one (systemd.exec(5): ExecStart with Environment and EnvironmentFile, as /etc/default/ssh and
/etc/sysconfig/sshd are). So a second server with its own file is seen, and an option that overrules every
file. A server inside a container is the container's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import basename
from typing import Final

from collectors.door import Host, Process, Unseen
from collectors.readers import overlay, units

_WITH_VALUE: Final = "CEbcfghkopu"
_SESSION: Final = ("@", "[priv]", "[net]", "[accepted]", "unknown")
_UNIT: Final = re.compile(r".*ssh.*\.(?:service|socket)")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_ASSIGNMENT: Final = re.compile(r"(?:export\s+)?(\w+)=(.*)")


@dataclass(frozen=True)
class Server:
    """The options of one server that decide about its settings: -f, -o and -p with their values."""

    options: tuple[str, ...] = ()
    source: str = ""

    def values(self, letter: str) -> list[str]:
        """The values of one option, in order."""
        return [
            self.options[at + 1] for at in range(0, len(self.options), 2) if self.options[at] == f"-{letter}"
        ]


def servers(host: Host) -> list[Server]:
    """Every server that runs or is started, without doubles; one without options where none is found."""
    found = [*([] if host.offline else _running(host)), *_started(host)]
    first: dict[tuple[str, ...], Server] = {}
    for one in found:
        first.setdefault(one.options, one)
    return list(first.values()) or [Server()]


def deciding(words: Sequence[str]) -> tuple[str, ...]:
    """The options -f, -o and -p of a command line (getopt(3)), however they are joined with others."""
    found: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word in ("-", "--"):
            break
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter not in _WITH_VALUE:
                continue
            value = letters or (left.pop(0) if left else "")
            if letter in "fop":
                found += [f"-{letter}", value]
            break
    return tuple(found)


def _running(host: Host) -> list[Server]:
    try:
        listed = host.processes()
    except Unseen:
        return []
    found = []
    for process in listed:
        title = " ".join(process.arguments)
        words = title.removeprefix("sshd: ").partition(" [listener]")[0].split()
        if process.name != "sshd" or not words or basename(words[0].rstrip(":")) != "sshd":
            continue
        if any(mark in title for mark in _SESSION) or _inside_container(host, process):
            continue
        found.append(Server(deciding(_joined(words[1:])), title))
    return found


def _joined(words: list[str]) -> list[str]:
    """The words with those put together again that a value of -o has lost its blanks between: -o Port 22."""
    found: list[str] = []
    for at, word in enumerate(words):
        option = next(
            (one for one in reversed(found[-2:]) if one.endswith("o") and one.startswith("-")), None
        )
        if option and at and not word.startswith("-") and found[-1] != option and "=" not in found[-1]:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _inside_container(host: Host, process: Process) -> bool:
    try:
        lines = host.text(f"/proc/{process.pid}/status").splitlines()
    except Unseen:
        return False
    return any(len(line.split()) > 2 for line in lines if line.startswith("NSpid:"))


def _started(host: Host) -> list[Server]:
    """The servers of units that start at boot, or whose socket does."""
    found = []
    for name in units.matching(host, _UNIT.pattern):
        unit = units.unit(host, name)
        service = name
        if name.endswith(".socket"):
            stem = name.removesuffix(".socket")
            service = next(
                (one for one in (f"{stem}@.service", f"{stem}.service") if units.file(host, one)), name
            )
        path = units.file(host, service)
        if unit.starts and path and service.endswith(".service"):
            found += _of_unit(host, service, path)
    return found


def _of_unit(host: Host, name: str, path: str) -> list[Server]:
    commands: list[str] = []
    environment: dict[str, str] = {}
    for text in _texts(host, name, path):
        for line in re.sub(r"\\\n", " ", text).splitlines():
            key, equals, value = line.strip().partition("=")
            if key == "ExecStart" and equals:
                commands = [*commands, value.strip()] if value.strip() else []
            elif key == "Environment":
                environment |= _assignments(_words(value))
            elif key == "EnvironmentFile" and value.strip():
                environment |= _assignments(_file(host, value.strip().removeprefix("-")))
    found = []
    for command in commands:
        words = _words(_VARIABLE.sub(lambda name: environment.get(name[1] or name[2], ""), command))
        if words and basename(words[0].lstrip("-@:+!")) == "sshd":
            found.append(Server(deciding(words[1:]), path))
    return found


def _texts(host: Host, name: str, path: str) -> list[str]:
    """The unit file and its drop-ins, in the order in which they are read."""
    return [overlay.text(host, one) for one in (path, *units.drop_ins(host, name))]


def _file(host: Host, path: str) -> list[str]:
    try:
        return [line.strip() for line in host.text(path).splitlines() if line.strip()[:1] not in ("#", ";")]
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return []
        raise


def _assignments(lines: Iterable[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        told = _ASSIGNMENT.fullmatch(line)
        if told:
            value = told[2].strip()
            found[told[1]] = value[1:-1] if value[:1] in ("'", '"') and value[-1:] == value[:1] else value
    return found


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()
