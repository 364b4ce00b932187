"""Match blocks of sshd_config(5): whether a connection meets one, and a connection that does."""

from __future__ import annotations

import fnmatch
import ipaddress
from dataclasses import dataclass, field
from typing import Final

from collectors.readers.sshd_text import Block

_FILLER: Final = "boltseal"


@dataclass(frozen=True)
class Connection:
    """What sshd knows of a connection. None: not known, which no pattern matches."""

    user: str | None = None
    host: str | None = None
    address: str | None = None
    laddress: str | None = None
    lport: int | None = None
    groups: tuple[str, ...] = field(default=())

    def specification(self) -> str:
        """The argument of `sshd -T -C`."""
        named = {"user": self.user, "host": self.host, "addr": self.address, "laddr": self.laddress}
        parts = [f"{name}={value}" for name, value in named.items() if value is not None]
        return ",".join([*parts, *([f"lport={self.lport}"] if self.lport is not None else [])])

    def has_comma(self) -> bool:
        """Whether a value holds a comma, which the specification cannot carry."""
        return any("," in (value or "") for value in (self.user, self.host, self.address, self.laddress))


def meets(block: Block, connection: Connection) -> bool:
    """Whether a connection meets every criterion of a block."""
    return bool(block.criteria) and all(_meets(*one, connection) for one in block.criteria)


def _meets(name: str, pattern: str, connection: Connection) -> bool:
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
    return name == "localport" and pattern == str(connection.lport)


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


def example(block: Block, members: dict[str, tuple[str, ...]]) -> Connection | None:
    """A connection that meets a block; None when none is found. `members` are the users of each group."""
    made: dict[str, str] = {}
    groups: tuple[str, ...] = ()
    for name, pattern in block.criteria:
        wanted = [item for item in pattern.split(",") if item and not item.startswith("!")]
        if name == "group":
            named = [
                (one, user) for one, users in members.items() for user in users if pattern_list(one, pattern)
            ]
            if not named:
                return None
            groups = tuple(one for one, users in members.items() if named[0][1] in users)
            made.setdefault("user", named[0][1])
        elif name in ("user", "host") and wanted:
            word = wanted[0].replace("*", _FILLER).replace("?", "x")
            made[name] = word.lower() if name == "host" else word  # names out of the DNS are lower case
        elif name in ("address", "localaddress") and wanted:
            made[name] = _address(wanted[0])
        elif name == "localport":
            made[name] = pattern
        elif name != "all":
            return None
    port = made.get("localport", "22")
    connection = Connection(
        made.get("user", f"{_FILLER}-nobody"),
        made.get("host", f"{_FILLER}.invalid"),
        made.get("address", "192.0.2.1"),
        made.get("localaddress", "192.0.2.2"),
        int(port) if port.isdecimal() else 22,
        groups,
    )
    return connection if meets(block, connection) and not connection.has_comma() else None


def _address(pattern: str) -> str:
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return pattern.replace("*", "1").replace("?", "1")
    return str(network[1] if network.num_addresses > 1 else network[0])


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
