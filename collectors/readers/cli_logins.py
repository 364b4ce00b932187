"""What IOS asks of somebody who logs in: the method lists of AAA, and which of them are in use.

With `aaa new-model` every line uses the list `default` unless it names another. Where `default` is not defined,
the network lines ask for a local user and the console asks for nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from collectors.readers.cli_text import Line, has, starting

DEFAULT: Final = "default"
_KEYED: Final = ("tacacs+", "radius", "ldap")


@dataclass(frozen=True)
class Methods:
    """A method list: which way in uses it, its methods in order ("group tacacs+", "local", "none")."""

    name: str
    methods: tuple[str, ...]
    line: Line | None

    @property
    def asks_server(self) -> bool:
        """The first method is a group of servers."""
        return self.methods[:1] != () and self.methods[0].startswith("group ")


def new_model(config: Iterable[Line]) -> Line | None:
    """The line that turns AAA on."""
    return has(config, "aaa new-model")


def lists(config: Iterable[Line], kind: str = "login") -> dict[str, Methods]:
    """The method lists of `aaa authentication <kind>` by name."""
    found = {}
    for line, rest in starting(config, f"aaa authentication {kind}"):
        name, *words = rest.split() or [""]
        found[name] = Methods(name, _methods(words), line)
    return found


def of_line(config: tuple[Line, ...], line: Line) -> Methods | None:
    """What AAA asks on a line; None where it names a list that is not defined."""
    named = starting(line.under, "login authentication")
    name = named[0][1] if named else DEFAULT
    known = lists(config)
    if name in known:
        return known[name]
    if name != DEFAULT:
        return None
    return Methods(
        DEFAULT, ("local",) if line.after("line vty") is not None else ("none",), new_model(config)
    )


def used(config: tuple[Line, ...]) -> list[Methods]:
    """The login lists of all lines and of the web server, and those of enable; each once."""
    found: dict[str, Methods] = {}
    for line, _ in starting(config, "line"):
        methods = of_line(config, line)
        if methods:
            found.setdefault(f"login {methods.name} {methods.methods}", methods)
    for _, rest in starting(config, "ip http authentication aaa login-authentication"):
        if rest in lists(config):
            found.setdefault(f"login {rest} {lists(config)[rest].methods}", lists(config)[rest])
    found |= {f"enable {one.name}": one for one in lists(config, "enable").values() if one.name == DEFAULT}
    return list(found.values())


def servers(config: tuple[Line, ...], group: str) -> bool:
    """Whether a group of servers holds any."""
    if group in _KEYED:
        word = group.rstrip("+")
        heads = [line for line, _ in starting(config, f"{word} server")]
        if any(starting(line.under, "address") for line in heads):
            return True
        return bool(starting(config, f"{word}-server host"))
    for line, rest in starting(config, "aaa group server"):
        if rest.split()[1:] == [group]:
            inside = [*starting(line.under, "server"), *starting(line.under, "server-private")]
            return bool(inside)
    return False


def _methods(words: list[str]) -> tuple[str, ...]:
    found = []
    words = [*words]
    while words:
        word = words.pop(0)
        found.append(f"group {words.pop(0)}" if word == "group" and words else word)
    return tuple(found)
