"""Who may become root: names with UID 0, and those for whom sudo or doas opens a root shell.

Groups are resolved in the local files. A group that is not there (a directory's) stays as "%group":
somebody of whom this host cannot tell the names.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import doas, hostname, passwd, sudoers
from collectors.readers.once import once
from collectors.readers.passwd import Account
from collectors.readers.sudoers import Rule, Sudoers

_ROOT: Final = frozenset({"ALL", "root", "#0"})
_SHELLS: Final = frozenset(
    {"su", "sh", "bash", "dash", "zsh", "ksh", "fish", "env", "visudo", "vipw", "vigr"}
)


def names(host: Host) -> tuple[list[str], list[str]]:
    """The administrators, sorted, and the sources.

    Raises `Unseen` when a file that decides cannot be read.
    """
    people = passwd.accounts(host)
    found = {one.name for one in people if one.uid == 0}
    sources = [passwd.PASSWD]
    read = sudo(host)
    if read is not None:
        sources += [sudoers.PATHS[0], passwd.GROUP]
        for rule in applying(host, read):
            if opens_root(rule, read):
                found |= resolve(host, read.expand("User", rule.users), people)
    for permit in doas.rules(host):
        sources.append(permit.source)
        command = permit.command.split(" ")[0].rsplit("/", 1)[-1]
        if permit.target == "root" and (command == "ALL" or command in _SHELLS):
            who = "%" + permit.who[1:] if permit.who.startswith(":") else permit.who
            found |= resolve(host, (who,), people)
    return sorted(found), sources


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


def applying(host: Host, read: Sudoers) -> list[Rule]:
    """The rules that hold on this host: its name, ALL, or anything that a name alone cannot decide."""
    name = hostname.short(host)
    return [rule for rule in read.rules if _here(read.expand("Host", rule.hosts), name)]


def opens_root(rule: Rule, read: Sudoers) -> bool:
    """Whether a rule lets somebody run anything, or a shell, as root."""
    if rule.runas is not None and not _ROOT & set(read.expand("Runas", rule.runas)):
        return False
    commands = [one.split(" ")[0] for one in read.expand("Cmnd", (rule.command,)) if not one.startswith("!")]
    return any(one == "ALL" or one.rsplit("/", 1)[-1] in _SHELLS for one in commands)


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
        return set() if item in _LOCAL_GROUPS else {item}
    if item.startswith("#"):
        return {one.name for one in people if f"#{one.uid}" == item} or {item}
    return {item}


_LOCAL_GROUPS: Final = frozenset({"%sudo", "%admin", "%wheel", "%google-sudoers"})
"""Groups that distributions name in their sudoers file whether or not they exist."""


def _here(hosts: tuple[str, ...], name: str | None) -> bool:
    here = False
    for item in hosts:
        word = item.removeprefix("!")
        decided = name is not None and word.replace("-", "").isalnum() and not word[:1].isdigit()
        if word == "ALL" or not decided or word.lower() == (name or "").lower():
            here = not item.startswith("!")
    return here
