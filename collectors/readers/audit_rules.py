"""Linux audit rules (auditctl(8), audit.rules(7)), as the kernel lists them or as files hold them.

What is covered is told from what a rule watches, never from its key, which is only a name. A rule counts
when it records writes (`-p w…`), on 64-bit calls, for everybody: one that is narrowed to a single user or
program does not. A rule `never,task` switches all system call auditing off.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from collectors.readers import shell_words

IDENTITY: Final = frozenset({"/etc/passwd", "/etc/shadow", "/etc/group"})
PRIVILEGE: Final = frozenset({"/etc/sudoers", "/etc/sudoers.d"})
LOGON: Final = frozenset(
    "/var/log/lastlog /var/log/faillog /var/run/faillock /run/faillock /var/log/tallylog /var/log/wtmp"
    " /var/log/btmp /var/run/utmp /run/utmp /var/lib/wtmpdb /var/lib/lastlog".split()
)
TIME: Final = frozenset({"adjtimex", "settimeofday", "clock_settime"})
DELETION: Final = frozenset({"unlinkat", "renameat"})

_FILTER: Final = re.compile(r"(\w+)(!=|<=|>=|&=|=|<|>|&)(.*)")
_NARROWS: Final = re.compile(r"auid|e?uid|suid|fsuid|obj_uid|e?gid|p?pid|exe|subj_\w+|obj_\w+|sessionid")


@dataclass(frozen=True)
class AuditRule:
    """One rule. `paths` are watched for `permissions`; `calls` are system calls; `narrowed` to some user."""

    action: str
    paths: frozenset[str] = frozenset()
    permissions: str = ""
    calls: frozenset[str] = frozenset()
    narrowed: bool = False
    foreign_words: bool = False
    elevation: bool = False


def parse(text: str) -> list[AuditRule]:
    """The rules of `auditctl -l` or of a rules file; control lines (-D, -b, -e …) are none."""
    found = []
    for line in text.splitlines():
        try:
            words = shell_words.split(line, comments=True)
        except ValueError:
            continue
        if words and words[0] in ("-a", "-A", "-w"):
            found.append(_rule(words))
    return found


def same(left: Iterable[AuditRule], right: Iterable[AuditRule]) -> bool:
    """Whether two lists hold the same rules; keys are names only, and auditctl may add or leave out `-S all`."""
    return Counter(map(_shape, left)) == Counter(map(_shape, right))


def immutable(text: str) -> bool:
    """Whether rules files lock the rules until the next start (`-e 2`)."""
    locks = re.findall(r"^[ \t]*-e\s+(\d)", text, re.MULTILINE)
    return bool(locks) and locks[-1] == "2"


def covers(rules: Iterable[AuditRule]) -> list[str]:
    """Which of identity, privilege, time, logon and deletion these rules record."""
    listed = list(rules)
    if any("never" in rule.action and "task" in rule.action for rule in listed):
        return []
    counted = [rule for rule in listed if "never" not in rule.action and not rule.narrowed]
    watched = frozenset(path for rule in counted if "w" in rule.permissions for path in rule.paths)
    calls = frozenset(call for rule in counted if not rule.foreign_words for call in rule.calls)
    answers = {
        "identity": _all_watched(IDENTITY, watched),
        "privilege": _all_watched(PRIVILEGE, watched) or any(rule.elevation for rule in counted),
        "time": calls >= TIME or "all" in calls,
        "logon": any(_all_watched(frozenset({path}), watched) for path in LOGON),
        "deletion": calls >= DELETION or "all" in calls,
    }
    return [name for name, answer in answers.items() if answer]


def _shape(rule: AuditRule) -> AuditRule:
    action = ",".join(sorted(rule.action.split(",")))
    return replace(rule, action=action, calls=rule.calls - {"all"} if rule.paths else rule.calls)


def _all_watched(paths: frozenset[str], watched: frozenset[str]) -> bool:
    return all(path in watched or any(path.startswith(f"{folder}/") for folder in watched) for path in paths)


def _rule(words: list[str]) -> AuditRule:
    options = list(zip(words, [*words[1:], ""], strict=True))
    matches = [_FILTER.fullmatch(value) for option, value in options if option == "-F"]
    filters = [match.groups() for match in matches if match]
    paths = [value for option, value in options if option == "-w"]
    paths += [given for field, _, given in filters if field in ("path", "dir")]
    given = [value for option, value in options if option == "-p"]
    given += [value for field, _, value in filters if field == "perm"]
    calls = frozenset(call for option, value in options if option == "-S" for call in value.split(","))
    foreign = any(field == "arch" and value in ("b32", "i386", "i686") for field, _, value in filters)
    elevates = any(field == "euid" and value == "0" for field, _, value in filters)
    elevates = elevates or any(option == "-C" and "euid" in value for option, value in options)
    return AuditRule(
        next((value for option, value in options if option in ("-a", "-A")), "always,exit"),
        frozenset(path.rstrip("/") or "/" for path in paths),
        given[-1] if given else "rwxa" if paths else "",
        calls,
        any(_narrows(*one) for one in filters),
        foreign,
        elevates and not foreign and bool(calls & {"execve", "all"}),
    )


def _narrows(field: str, operator: str, value: str) -> bool:
    """Whether a filter leaves out most of what happens: one user or program only, or failures only."""
    if field == "success":
        return value in ("0", "no")
    if field == "exit":
        return True
    return operator == "=" and not (field == "euid" and value == "0") and bool(_NARROWS.fullmatch(field))
