"""passwd(5), shadow(5), group(5): the local accounts, read as the C library reads them (nss_files).

So a line may start with blanks and lack its last fields: "toor:x:0:0" is a second root. Further files count
where nsswitch.conf names their sources: altfiles (below /usr/lib) and extrausers (below /var/lib). A hash
never leaves this module: what comes out is its state and its scheme.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import nsswitch
from collectors.readers.once import once

PASSWD: Final = "/etc/passwd"
SHADOW: Final = "/etc/shadow"
GROUP: Final = "/etc/group"
MAX_BYTES: Final = 32 * 1024 * 1024
"""Room for 100,000 accounts; above it the answer is `too_large`."""
NEVER_DAYS: Final = 99999
"""How "never expires" is told; shadow(5) tools write it so, and read from 10000 on as never."""
ALSO: Final = {"altfiles": "/usr/lib", "extrausers": "/var/lib/extrausers"}
"""Sources of nsswitch.conf that are local files too, and where they are."""
NO_LOGIN: Final = frozenset({"nologin", "false", "true", "sync", "shutdown", "halt"})
_PREFIXES: Final = (
    ("$y$", "yescrypt"),
    ("$gy$", "gost_yescrypt"),
    ("$sm3y$", "sm3_yescrypt"),
    ("$sm3$", "sm3"),
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
_BLANKS: Final = " \t\v\f\r"
_NUMBER: Final = re.compile(r"[ \t\v\f\r]*(?:\+|-(?=0+$))?0*(0|[1-9][0-9]{0,9})")
_NUMBER_MAX: Final = 2**32 - 1
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
    """The accounts of /etc/passwd in its order, then those of further files.

    Raises `Unseen`: `malformed` also where nobody has user number 0. Such a file was emptied or cut, and what
    it does not name proves nothing.
    """
    return once(host, _accounts)


def _accounts(host: Host) -> list[Account]:
    found = [_account(fields) for fields in _lines(host, PASSWD)]
    names = {one.name for one in found if one}
    for path in _further(host, "passwd"):
        more = [_account(fields) for fields in _lines(host, path)]
        found += [one for one in more if one and one.name not in names]
    if not any(one and one.uid == 0 for one in found):
        raise Unseen("malformed", PASSWD, "nobody has user number 0")
    return [one for one in found if one]


def _account(fields: list[str]) -> Account | None:
    """A line with name, password and two numbers is an account; the fields behind them may be missing."""
    uid, gid = (_number(field) for field in fields[2:4]) if len(fields) > 3 else (None, None)
    if uid is None or gid is None:
        return None
    state, scheme = (None, None) if fields[1] == "x" else password_state(fields[1])
    home = fields[5] if len(fields) > 5 else ""
    return Account(fields[0], uid, gid, home, ":".join(fields[6:]), state, scheme)


def ageing(host: Host) -> dict[str, Ageing]:
    """The lines of /etc/shadow by name; the first whole line of a name counts, as for the C library.

    A line that the C library passes over (numbers that are none, too few fields) still tells the state of
    its password where there is no other: other readers are less strict. Raises `Unseen`: `malformed` also
    where not one line is there, since every host locks or opens at least its root in that file.
    """
    whole: dict[str, Ageing] = {}
    broken: dict[str, Ageing] = {}
    for path in (SHADOW, *_further(host, "shadow")):
        for fields in _lines(host, path):
            store = whole if _is_whole(fields) else broken
            if fields[0] not in store:
                state, scheme = password_state(fields[1])
                days = [_days(fields[at]) if len(fields) > at else None for at in (2, 3, 4, 6, 7)]
                store[fields[0]] = Ageing(fields[0], state, scheme, *days)
    if not whole and not broken:
        raise Unseen("malformed", SHADOW, "no line in it")
    return {**broken, **whole}


def _is_whole(fields: list[str]) -> bool:
    """Whether glibc takes a line of shadow: of five fields (perhaps with a blank sixth), or of eight or nine."""
    numbers = fields[2:]
    if len(numbers) == 4 and not numbers[3].strip():
        numbers = numbers[:3]
    if len(numbers) not in (3, 6, 7) or (len(numbers) in (3, 6) and not numbers[-1].strip()):
        return False
    return all(not one or _number(one) is not None for one in numbers)


def groups(host: Host) -> list[Group]:
    """The groups of /etc/group in its order, then those of further files.

    Raises `Unseen`: `malformed` also where there is not a single one.
    """
    return once(host, _groups)


def _groups(host: Host) -> list[Group]:
    found = []
    for path in (GROUP, *_further(host, "group")):
        for fields in _lines(host, path):
            gid = _number(fields[2]) if len(fields) > 2 else None
            if gid is not None:
                names = ":".join(fields[3:]).split(",")
                found.append(
                    Group(fields[0], gid, tuple(name for one in names if (name := one.lstrip(_BLANKS))))
                )
    if not found:
        raise Unseen("malformed", GROUP, "no group in it")
    return found


def _further(host: Host, name: str) -> list[str]:
    """Further files that are there and whose source nsswitch.conf names for the database."""
    named = nsswitch.sources(host, name)
    paths = [f"{folder}/{name}" for source, folder in ALSO.items() if source in named]
    return [path for path in paths if host.exists(path)]


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


def memberships(host: Host) -> dict[str, tuple[str, ...]]:
    """The members of every group by its name. Raises `Unseen`."""
    own: dict[int, list[str]] = {}
    for one in accounts(host):
        own.setdefault(one.gid, []).append(one.name)
    found: dict[str, tuple[str, ...]] = {}
    for group in groups(host):
        names = (*found.get(group.name, ()), *group.members, *own.get(group.gid, ()))
        found[group.name] = tuple(sorted(set(names)))
    return found


def _lines(host: Host, path: str) -> list[list[str]]:
    """Fields of the lines that name somebody: no comments, no entries of old NIS (+, -)."""
    lines = (line.lstrip(_BLANKS) for line in host.text(path, MAX_BYTES).split("\n"))
    return [line.split(":") for line in lines if line and line[0] not in "#+-" and ":" in line]


def _number(field: str) -> int | None:
    """A number as the C library takes it: blanks and a sign may stand before it, nothing behind it."""
    told = _NUMBER.fullmatch(field)
    return int(told[1]) if told and int(told[1]) <= _NUMBER_MAX else None


def _days(field: str) -> int | None:
    """A number of days; None for an empty field and for -1, which both say "not set"."""
    try:
        days = int(field)
    except ValueError:
        return None
    return days if days >= 0 else None
