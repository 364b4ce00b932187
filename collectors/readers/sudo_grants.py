"""What the rules of sudo come to: the last one that fits a user, a host, a target and a command counts.

sudo looks at its rules from the end. So a right that a later rule takes away is none, and a tag NOPASSWD
under a later rule without it has no effect. Where a fit cannot be told from the files (netgroups, groups of
a directory, addresses, regular expressions) both answers stay open. Held to the real sudo by a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from collectors.readers.sudoers import Rule, Sudoers

ALLOWED_FREE: Final = "free"
ALLOWED_ASKED: Final = "asked"
DENIED: Final = "denied"
ROOT: Final = ("root",)
_META: Final = re.compile(r"[*?\[\\]")
_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+(?:/[\d.]+)?")
_MERGED: Final = re.compile(r"^/(?=s?bin/)")


@dataclass(frozen=True)
class Asker:
    """Somebody who runs sudo: the items of a user list that mean them.

    `groups` are all groups whose members are known; of an item outside both nothing is known when the
    asker is `anyone` or the item is a group (or netgroup) of elsewhere.
    """

    items: frozenset[str]
    groups: frozenset[str] = frozenset()
    anyone: bool = False

    def fits(self, item: str) -> bool | None:
        """Whether an item means this asker; None where that is not known."""
        if item == "ALL" or item in self.items:
            return True
        elsewhere = item.startswith(("%", "+")) and item not in self.groups
        return None if self.anyone or elsewhere else False


@dataclass(frozen=True)
class Grant:
    """One command (no alias, perhaps with "!") of a rule that holds on this host; `here` None: perhaps."""

    users: tuple[str, ...]
    targets: tuple[str, ...]
    command: str
    rule: Rule
    here: bool | None

    @property
    def outcome(self) -> str:
        """What it comes to where it counts."""
        if self.command.startswith("!"):
            return DENIED
        return ALLOWED_FREE if self.rule.nopasswd else ALLOWED_ASKED


def grants(read: Sudoers, name: str | None) -> list[Grant]:
    """Every command of every rule that holds, or perhaps holds, on a host of this name, in order."""
    last = [one.value for one in read.defaults if one.name == "runas_default" and not one.scope]
    usual = tuple(last[-1:]) or ROOT
    found = []
    for rule in read.rules:
        here = listed(read.expand("Host", rule.hosts), lambda item: _is_host(item, name))
        if here is not False:
            users = read.expand("User", rule.users)
            targets = usual if rule.runas is None else read.expand("Runas", rule.runas)
            commands = read.expand("Cmnd", (rule.command,))
            found += [Grant(users, targets, command, rule, here) for command in commands]
    return found


def decided(later: Sequence[Grant], asker: Asker, targets: Iterable[str], command: str) -> set[str]:
    """What grants may come to for a request: their outcomes, and "" where none of them may fit.

    A request is a command as it stands in a rule, and the targets of one.
    """
    wanted = [one for one in targets if not one.startswith("!")]
    found = set()
    for grant in reversed(later):
        fit = _fits(grant, asker, wanted, command)
        if fit is not False:
            found.add(grant.outcome)
        if fit:
            return found
    return found | {""}


def overruled_by(later: Sequence[Grant], asker: Asker, targets: Iterable[str], command: str) -> str | None:
    """What becomes of a grant: the outcome of the last later one that certainly fits the same; None: it stands.

    A later one that fits a part is a grant of its own.
    """
    wanted = [one for one in targets if not one.startswith("!")]
    fitting = (one.outcome for one in reversed(later) if _fits(one, asker, wanted, command))
    return next(fitting, None)


def listed(items: Sequence[str], fits: Callable[[str], bool | None]) -> bool | None:
    """Whether a list means somebody: its last item that fits counts. None where that is not known."""
    possible = set()
    for item in reversed(items):
        fit = fits(item.removeprefix("!"))
        if fit is not False:
            possible.add(not item.startswith("!"))
        if fit:
            break
    else:
        possible.add(False)
    return possible.pop() if len(possible) == 1 else None


def covers(pattern: str, command: str) -> bool | None:
    """Whether a command of a rule takes in all of another one; None: perhaps some of it."""
    if pattern in ("ALL", command):
        return True
    if command == "ALL":
        return None
    if pattern.startswith("^") or command.startswith("^"):
        return None
    path, _, arguments = _MERGED.sub("/usr/", pattern).partition(" ")
    other, _, others = _MERGED.sub("/usr/", command).partition(" ")
    if path.endswith("/"):
        same: bool | None = other.startswith(path) and "/" not in other[len(path) :]
    elif _META.search(other) or other.endswith("/"):
        same = True if path == other else None
    else:
        same = path.count("/") == other.count("/") and fnmatchcase(other, path)
    if not same or not arguments:
        return same
    if arguments == others:
        return True
    return None if _META.search(arguments + others) or not others else False


def _fits(grant: Grant, asker: Asker, targets: list[str], command: str) -> bool | None:
    told = [grant.here, listed(grant.users, asker.fits)]
    told += [covers_target(grant.targets, one) for one in targets]
    if not targets:
        told.append(None)
    told.append(covers(grant.command.removeprefix("!"), command))
    if grant.rule.digest:
        told.append(None)
    return False if False in told else None if None in told else True


def covers_target(targets: Sequence[str], target: str) -> bool | None:
    """Whether the targets of a rule take in another's."""
    return listed(targets, lambda item: _is_target(item, target))


def _is_target(item: str, target: str) -> bool | None:
    if item == "ALL" or item == target or {item, target} == {"root", "#0"}:
        return True
    return None if target == "ALL" or item.startswith("%") or target.startswith("%") else False


def _is_host(item: str, name: str | None) -> bool | None:
    """As sudo compares: with the short name, or the whole one for an item with a dot in it."""
    if item == "ALL":
        return True
    if name is None or item.startswith(("+", "%")) or ":" in item or _ADDRESS.fullmatch(item):
        return None
    if "." in item and "." not in name:
        return None  # sudo may ask the DNS for the whole name
    mine = name.lower() if "." in item else name.lower().split(".")[0]
    return fnmatchcase(mine, item.lower()) if _META.search(item) else mine == item.lower()
