"""Match blocks of sshd_config(5): whether a connection meets one, and a connection that does."""

from __future__ import annotations

import fnmatch
import ipaddress
from dataclasses import dataclass

from collectors.readers.sshd_text import Block


@dataclass(frozen=True)
class Connection:
    """What sshd knows of a connection. None: not known, which no pattern matches.

    `also` are criteria that are met and cannot be asked for; `asks_directory`: its groups are made up.
    """

    user: str | None = None
    host: str | None = None
    address: str | None = None
    laddress: str | None = None
    lport: int | None = None
    groups: tuple[str, ...] = ()
    also: frozenset[tuple[str, str]] = frozenset()
    asks_directory: bool = False

    def specification(self) -> str:
        """The argument of `sshd -T -C`."""
        named = {"user": self.user, "host": self.host, "addr": self.address, "laddr": self.laddress}
        parts = [f"{name}={value}" for name, value in named.items() if value is not None]
        return ",".join([*parts, *([f"lport={self.lport}"] if self.lport is not None else [])])

    @property
    def can_be_asked(self) -> bool:
        """Whether the real sshd can be asked what it gets: a value with a comma cannot be told it."""
        named = (self.user, self.host, self.address, self.laddress)
        return not self.also and not self.asks_directory and not any("," in (value or "") for value in named)


def meets(block: Block, connection: Connection) -> bool:
    """Whether a connection meets every criterion of a block."""
    return bool(block.criteria) and all(fits(*one, connection) for one in block.criteria)


def fits(name: str, pattern: str, connection: Connection) -> bool:
    """Whether a connection meets one criterion."""
    if name == "all":
        return True
    if name == "user":
        return connection.user is not None and pattern_list(connection.user, pattern)
    if name == "host":
        return connection.host is not None and pattern_list(connection.host, pattern.lower())
    if name == "group":
        return connection.user is not None and _any_group(connection.groups, pattern)
    if name == "address":
        return connection.address is not None and address_list(connection.address, pattern)
    if name == "localaddress":
        return connection.laddress is not None and address_list(connection.laddress, pattern)
    if name == "localport":
        return pattern == str(connection.lport)
    return (name, pattern) in connection.also


def pattern_list(text: str, patterns: str) -> bool:
    """Whether a comma-separated list matches: one item does, and none that starts with "!"."""
    return _list(text, patterns) == 1


def address_list(address: str, patterns: str) -> bool:
    """As `pattern_list` for addresses: networks in CIDR notation, else wildcards."""
    found = False
    for item in patterns.split(","):
        wanted = item.removeprefix("!")
        if _in_network(address, wanted):
            if item.startswith("!"):
                return False
            found = True
    return found


def _any_group(groups: tuple[str, ...], pattern: str) -> bool:
    answers = [_list(one, pattern) for one in groups]
    return 1 in answers and -1 not in answers


def _list(text: str, patterns: str) -> int:
    found = 0
    for item in patterns.split(","):
        if _wild(text, item.removeprefix("!")):
            if item.startswith("!"):
                return -1
            found = 1
    return found


def _wild(text: str, pattern: str) -> bool:
    """`*` and `?` only: brackets are letters to sshd."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _in_network(address: str, pattern: str) -> bool:
    try:
        network = ipaddress.ip_network(pattern, strict=True)
        return ipaddress.ip_address(address) in network
    except ValueError:
        return _wild(address, pattern)
