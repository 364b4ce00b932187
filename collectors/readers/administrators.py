"""Who may become root, and how: by UID 0, by sudo or doas that open a root shell, by what grants root in effect.

Groups are resolved in the local files. A group that is not there (a directory's) stays as "%group":
somebody of whom this host cannot tell the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import doas, hostname, nsswitch, passwd, root_grants, sudo_grants, sudoers
from collectors.readers.once import once
from collectors.readers.passwd import Account
from collectors.readers.sudo_grants import Asker, Grant
from collectors.readers.sudoers import Sudoers

EVERYBODY: Final = root_grants.EVERYBODY
"""Stands among the names where every user may become root."""
PLAIN: Final = ("uid", "sudo", "doas", "polkit")
"""Ways that a review of administrators looks at; the others name nobody an administrator."""
_SHELLS: Final = frozenset(
    {"su", "sh", "bash", "dash", "zsh", "ksh", "fish", "env", "visudo", "vipw", "vigr"}
)
_SHELL_PATHS: Final = ("/usr/bin/su", "/usr/bin/sh", "/usr/bin/bash", "/usr/sbin/visudo")
_ASKERS_MAX: Final = 500
"""So many members of a rule's list are looked at one by one; of more, any may be the one it stands for."""


@dataclass(frozen=True, order=True)
class Held:
    """A way to root that somebody has: uid, sudo, doas, or the words of `root_grants`; and what grants it."""

    name: str
    by: str
    source: str


def names(host: Host) -> tuple[list[str], list[str]]:
    """The administrators, sorted, and the sources.

    Raises `Unseen` when a file that decides cannot be read.
    """
    held, sources = ways(host)
    return sorted({one.name for one in held}), sources


def hidden(host: Host) -> list[str]:
    """Who can log in and become root, and is no administrator by UID 0, by sudo, doas or polkit's password.

    Accounts without a login shell, as services bring them, are left out. Raises `Unseen`.
    """
    held, _ = ways(host)
    plain = {one.name for one in held if one.by in PLAIN}
    shut = {one.name for one in passwd.accounts(host) if not one.interactive}
    return sorted({one.name for one in held} - plain - shut) if EVERYBODY not in plain else []


def ways(host: Host) -> tuple[list[Held], list[str]]:
    """Every way to root that somebody has, sorted, and the sources. Read once per scan. Raises `Unseen`."""
    return once(host, _ways)


def _ways(host: Host) -> tuple[list[Held], list[str]]:
    people = passwd.accounts(host)
    found = {Held(one.name, "uid", passwd.PASSWD) for one in people if one.uid == 0}
    sources = [passwd.PASSWD]
    read = sudo(host)
    if read is not None:
        sources += [sudoers.PATHS[0], passwd.GROUP]
        kept = grants(host)
        for at, grant in enumerate(kept):
            if _opens_root(grant) and not _asks_for_roots_password(grant, read):
                who = _standing(host, kept, at, people, sudo_grants.ROOT, {sudo_grants.DENIED})
                found |= {Held(name, "sudo", grant.rule.source) for name in who}
    for permit in doas.rules(host):
        sources.append(permit.source)
        command = permit.command.split(" ")[0].rsplit("/", 1)[-1]
        if permit.target == "root" and (command == "ALL" or command in _SHELLS):
            item = "%" + permit.who[1:] if permit.who.startswith(":") else permit.who
            found |= {Held(name, "doas", permit.source) for name in resolve(host, (item,), people)}
    for way in root_grants.ways(host):
        sources.append(way.source)
        found |= {Held(name, way.by, way.source) for name in resolve(host, (way.who,), people)}
    return sorted(found), list(dict.fromkeys(sources))


def grants(host: Host) -> list[Grant]:
    """What the rules of sudo grant on this host, in their order; read once per scan. Raises `Unseen`."""
    return once(host, _grants)


def _grants(host: Host) -> list[Grant]:
    read = sudo(host)
    return [] if read is None else sudo_grants.grants(read, hostname.short(host))


def free(host: Host) -> list[Grant]:
    """The grants that ask nobody for a password and that no later rule makes void for all they name.

    Raises `Unseen`.
    """
    kept = grants(host)
    people = passwd.accounts(host) if any(one.rule.nopasswd for one in kept) else []
    everything = {sudo_grants.DENIED, sudo_grants.ALLOWED_ASKED, sudo_grants.ALLOWED_FREE}
    return [
        one
        for at, one in enumerate(kept)
        if one.outcome == sudo_grants.ALLOWED_FREE
        and _standing(host, kept, at, people, one.targets, everything)
    ]


def _standing(
    host: Host, kept: list[Grant], at: int, people: list[Account], targets: tuple[str, ...], void: set[str]
) -> set[str]:
    """For whom a grant is not made void: by a later one that certainly fits, with one of these outcomes."""
    grant = kept[at]
    later = kept[at + 1 :]
    who = resolve(host, grant.users, people)
    if not who and void != {sudo_grants.DENIED}:  # nobody yet: the rule waits for them
        who = {one for one in grant.users if not one.startswith("!")}
    if not later or len(who) > _ASKERS_MAX:
        return who
    found = set()
    for name in who:
        if sudo_grants.overruled_by(later, asker(host, name), targets, grant.command) not in void:
            found.add(name)
    return found


def asker(host: Host, name: str) -> Asker:
    """What sudo knows of a user, or of whoever an item such as "%group" or "ALL" stands for."""
    known, of = once(host, _groups)
    account = once(host, _accounts).get(name)
    if account is None:
        return Asker(frozenset({name}), anyone=True)
    mine = of.get(name, frozenset()) | of.get(f"#{account.gid}", frozenset())
    return Asker(mine | {name, f"#{account.uid}", f"%#{account.gid}"}, known)


def _accounts(host: Host) -> dict[str, Account]:
    return {one.name: one for one in reversed(passwd.accounts(host))}


def _groups(host: Host) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """The groups of which all members are known, and those of each user and of each "#group number"."""
    of: dict[str, set[str]] = {}
    known = set()
    for group in passwd.groups(host):
        items = {f"%{group.name}", f"%#{group.gid}"}
        known |= items
        for user in (*group.members, f"#{group.gid}"):
            of.setdefault(user, set()).update(items)
    if not nsswitch.directories(host):
        known |= _LOCAL_GROUPS
    return frozenset(known), {user: frozenset(items) for user, items in of.items()}


def sudo(host: Host) -> Sudoers | None:
    """The rules of sudo, read once per scan; None where there is no sudoers file. Raises `Unseen`."""
    return once(host, _sudo)


def _sudo(host: Host) -> Sudoers | None:
    try:
        return sudoers.parse(host)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return None
        raise


def _opens_root(grant: Grant) -> bool:
    """Whether a grant lets somebody run anything, or a shell, as root."""
    if grant.command.startswith("!") or sudo_grants.covers_target(grant.targets, "root") is False:
        return False
    command = grant.command.split(" ")[0]
    if command == "ALL" or command.rsplit("/", 1)[-1] in _SHELLS:
        return True
    return any(sudo_grants.covers(command, path) is not False for path in _SHELL_PATHS)


def _asks_for_roots_password(grant: Grant, read: Sudoers) -> bool:
    """Whether sudo asks for root's password (targetpw, rootpw), which su would take as well."""
    last = {one.name: one.value for one in read.defaults if not one.scope}
    asked = any(last.get(name) == "true" for name in ("targetpw", "rootpw"))
    return asked and grant.outcome == sudo_grants.ALLOWED_ASKED and last.get("authenticate") != "false"


def resolve(host: Host, who: tuple[str, ...], people: list[Account]) -> set[str]:
    """The names behind the items of a user list; the last item that fits somebody counts."""
    found: set[str] = set()
    for item in who:
        named = _named(host, item.removeprefix("!"), people)
        found = found - named if item.startswith("!") else found | named
    return found


def _named(host: Host, item: str, people: list[Account]) -> set[str]:
    if item.startswith(("%:", "+")):
        return {item}
    if item.startswith("%"):
        for group in passwd.groups(host):
            if item in (f"%{group.name}", f"%#{group.gid}"):
                return set(passwd.members(group, people))
        return set() if item in _LOCAL_GROUPS or not nsswitch.directories(host) else {item}
    if item.startswith("#"):
        return {one.name for one in people if f"#{one.uid}" == item} or {item}
    return {item}


_LOCAL_GROUPS: Final = frozenset({"%sudo", "%admin", "%wheel", "%google-sudoers"})
"""Groups that distributions name in their sudoers file whether or not they exist."""
