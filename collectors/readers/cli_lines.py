"""The lines of IOS that somebody gets a command line by: what they carry, ask, and whom they let in.

What a setting is without being written differs between releases for `transport input` of network lines: there
nothing is claimed. Without AAA a console asks nobody unless `login` is written, and `login` without a password
lets nobody in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from collectors.readers import cli_filters, cli_logins
from collectors.readers.cli_filters import Lists
from collectors.readers.cli_text import Line, has, starting

IDLE_SECONDS: Final = 600
"""`exec-timeout 10 0` holds where none is written."""


@dataclass(frozen=True)
class Way:
    """One line. `login`: none, password (one for all), local, aaa, closed, or None where it cannot be told."""

    name: str
    line: Line
    login: str | None
    transports: tuple[str, ...] | None
    restricted: bool | None
    idle_seconds: int | None

    @property
    def is_vty(self) -> bool:
        """It is one of the network's own lines."""
        return self.name.startswith("vty")

    @property
    def network(self) -> bool:
        """It is reached over the network."""
        return self.is_vty or bool({"telnet", "ssh", "all"} & {*(self.transports or ())})

    @property
    def open(self) -> bool:
        """Somebody may get a command line by it."""
        if self.login == "closed" or (self.is_vty and self.transports == ()):
            return False
        return has(self.line.under, "no exec") is None

    @property
    def telnet(self) -> bool | None:
        """Whether it is reached by Telnet."""
        if self.is_vty and self.transports is None:
            return None
        return bool({"telnet", "all"} & {*(self.transports or ())})


def ways(config: tuple[Line, ...]) -> list[Way]:
    """The lines in the order of the configuration."""
    return list(_ways(config, cli_filters.lists(config)))


def _ways(config: tuple[Line, ...], known: Lists) -> Iterator[Way]:
    six = any(starting(line.under, "ipv6 address") for line, _ in starting(config, "interface"))
    for line, name in starting(config, "line"):
        transports = _transports(line)
        login = _login(config, line, name, transports)
        restricted = [_restricted(known, line, "ip", "access-class")]
        if six:
            restricted.append(_restricted(known, line, "ipv6", "ipv6 access-class"))
        worst = False if False in restricted else None if None in restricted else True
        yield Way(name, line, login, transports, worst, _idle(line))


def _transports(line: Line) -> tuple[str, ...] | None:
    found = starting(line.under, "transport input")
    if not found:
        return None
    return tuple(word for word in found[-1][1].split() if word != "none")


def _login(config: tuple[Line, ...], line: Line, name: str, transports: tuple[str, ...] | None) -> str | None:
    if cli_logins.new_model(config):
        methods = cli_logins.of_line(config, line)
        if methods is None or not methods.methods:
            return None
        return {"none": "none", "enable": "password", "line": "password"}.get(methods.methods[0], "aaa")
    if has(line.under, "no login"):
        return None if transports == ("ssh",) else "none"  # SSH asks for a user by itself
    written = starting(line.under, "login")
    if not written:
        return None if name.startswith("vty") else "none"
    if written[-1][1]:
        return "local" if written[-1][1] == "local" else "aaa" if written[-1][1] == "tacacs" else None
    return "password" if starting(line.under, "password") else "closed"


def _restricted(known: Lists, line: Line, family: str, prefix: str) -> bool | None:
    for _, rest in starting(line.under, prefix):
        words = rest.split()
        if "in" in words[1:]:
            return cli_filters.restricts(known, family, words[0])
    return False


def _idle(line: Line) -> int | None:
    if has(line.under, "no exec-timeout"):
        return 0
    found = starting(line.under, "exec-timeout")
    if not found:
        return IDLE_SECONDS
    numbers = [word for word in found[-1][1].split() if word.isdecimal() and len(word) < 8]
    if not numbers:
        return None
    return int(numbers[0]) * 60 + (int(numbers[1]) if len(numbers) > 1 else 0)
