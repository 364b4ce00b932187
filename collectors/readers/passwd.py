"""passwd(5), shadow(5), group(5): the local accounts, read as the C library and the shadow tools read them.

A hash never leaves this module: what comes out is its state and its scheme.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Host

PASSWD: Final = "/etc/passwd"
SHADOW: Final = "/etc/shadow"
GROUP: Final = "/etc/group"
MAX_BYTES: Final = 32 * 1024 * 1024
"""Room for 100,000 accounts; above it the answer is `too_large`."""
NEVER_DAYS: Final = 99999
"""How "never expires" is told; shadow(5) tools write it so, and read from 9999 on as never."""
NO_LOGIN: Final = frozenset({"nologin", "false", "true", "sync", "shutdown", "halt"})
_PREFIXES: Final = (
    ("$y$", "yescrypt"),
    ("$gy$", "gost_yescrypt"),
    ("$7$", "scrypt"),
    ("$2", "bcrypt"),
    ("$6$", "sha512"),
    ("$5$", "sha256"),
    ("$sha1", "sha1"),
    ("$md5", "sunmd5"),
    ("$1$", "md5"),
    ("$3$", "nt"),
    ("_", "bsdicrypt"),
)
WEAK_SCHEMES: Final = frozenset({"des", "bigcrypt", "bsdicrypt", "md5", "sunmd5", "nt", "sha1", "unknown"})
_CRYPT_LETTERS: Final = frozenset("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Account:
    """A line of /etc/passwd.

    `state` and `scheme` are those of a hash in this file; None: it stands in shadow.
    """

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    state: str | None
    scheme: str | None

    @property
    def interactive(self) -> bool:
        """Whether the shell lets somebody in; an empty one is /bin/sh."""
        return self.shell.rsplit("/", 1)[-1] not in NO_LOGIN


@dataclass(frozen=True)
class Ageing:
    """A line of /etc/shadow without its hash; numbers are days, None where the field is empty."""

    name: str
    state: str
    scheme: str | None
    changed: int | None
    minimum: int | None
    maximum: int | None
    inactive: int | None
    expires: int | None


@dataclass(frozen=True)
class Group:
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


def accounts(host: Host) -> list[Account]:
    """The accounts of /etc/passwd, in its order. Raises `Unseen`."""
    found = []
    for fields in _lines(host, PASSWD):
        if len(fields) >= 7 and fields[2].isdecimal() and fields[3].isdecimal():
            state, scheme = (None, None) if fields[1] == "x" else password_state(fields[1])
            found.append(
                Account(fields[0], int(fields[2]), int(fields[3]), fields[5], fields[6], state, scheme)
            )
    return found


def ageing(host: Host) -> dict[str, Ageing]:
    """The lines of /etc/shadow by name; the first of equal names counts, as for the C library.

    Raises `Unseen`.
    """
    found: dict[str, Ageing] = {}
    for fields in _lines(host, SHADOW):
        if len(fields) >= 8 and fields[0] not in found:
            state, scheme = password_state(fields[1])
            days = (_days(fields[2]), _days(fields[3]), _days(fields[4]), _days(fields[6]), _days(fields[7]))
            found[fields[0]] = Ageing(fields[0], state, scheme, *days)
    return found


def groups(host: Host) -> list[Group]:
    """The groups of /etc/group, in its order. Raises `Unseen`."""
    return [
        Group(fields[0], int(fields[2]), tuple(name for name in fields[3].split(",") if name))
        for fields in _lines(host, GROUP)
        if len(fields) >= 4 and fields[2].isdecimal()
    ]


def password_state(field: str) -> tuple[str, str | None]:
    """State and scheme of a password field.

    set: a usable hash; empty: no password is asked for; locked: a hash behind "!"; none: never a usable one.
    """
    if not field:
        return "empty", None
    scheme = hash_scheme(field.lstrip("!"))
    if scheme is None:
        return "none", None
    return ("locked" if field.startswith("!") else "set"), scheme


def hash_scheme(value: str) -> str | None:
    """The scheme of a hash (crypt(5)).

    None when no password can match it, "unknown" for a prefix nobody knows.
    """
    for prefix, scheme in _PREFIXES:
        if value.startswith(prefix) and len(value) >= 20:
            return scheme
    if value.startswith("$"):
        return "unknown" if len(value) >= 20 else None
    if len(value) < 13 or not _CRYPT_LETTERS.issuperset(value):
        return None
    return "des" if len(value) == 13 else "bigcrypt"


def members(group: Group, people: list[Account]) -> list[str]:
    """Everyone in a group: those it lists, and those whose own group it is; sorted."""
    return sorted({*group.members, *(one.name for one in people if one.gid == group.gid)})


def _lines(host: Host, path: str) -> list[list[str]]:
    """Fields of the lines that name somebody: no comments, no entries of old NIS (+, -)."""
    text = host.text(path, MAX_BYTES)
    return [line.split(":") for line in text.split("\n") if line and line[0] not in "#+-" and ":" in line]


def _days(field: str) -> int | None:
    """A number of days; None for an empty field and for -1, which both say "not set"."""
    try:
        days = int(field)
    except ValueError:
        return None
    return days if days >= 0 else None
