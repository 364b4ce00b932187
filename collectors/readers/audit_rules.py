"""Linux audit rules (auditctl(8), audit.rules(7)), as the kernel lists them or as files hold them.

What is covered is told from what a rule watches, never from its key, which is only a name. A rule counts
when it records writes (`-p w…`), on 64-bit calls, for everybody: one that is narrowed to a single user,
program, folder or kind of failure does not. The first rule that matches an event decides, so a `never` rule
that is not narrowed takes away from the rules after it. `never,task` switches all system call auditing off, and
so does an `exclude` rule for the SYSCALL records themselves.
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
_HARMLESS: Final = frozenset({"key", "arch", "perm", "path", "dir"})
_UNSET: Final = frozenset({"unset", "-1", "4294967295"})
_FIRST_PERSON: Final = 1000
_WRITING: Final = frozenset({"open", "openat", "openat2", "write", "rename", "renameat", "renameat2"})
_RECORDS: Final = frozenset({"SYSCALL", "1300", "PATH", "1302", "ALL"})


@dataclass(frozen=True)
class AuditRule:
    """One rule. `paths` are watched for `permissions`; `calls` are system calls; `narrowed` to some user.

    `loses_records`: an `exclude` rule that drops the records of system calls, whoever makes them.
    """

    action: str
    paths: frozenset[str] = frozenset()
    permissions: str = ""
    calls: frozenset[str] = frozenset()
    narrowed: bool = False
    foreign_words: bool = False
    root_only: bool = False
    loses_records: bool = False

    @property
    def is_general(self) -> bool:
        """Whether it is about every system call: none is named, or all are."""
        return not self.calls or "all" in self.calls


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


def enabled(text: str) -> str:
    """What rules files make of auditing: "0" off, "1" on, "2" locked until the next start; the last counts."""
    given: list[str] = re.findall(r"^[ \t]*-e\s+(\d)", text, re.MULTILINE)
    return given[-1] if given else "1"


def covers(rules: Iterable[AuditRule]) -> list[str]:
    """Which of identity, privilege, time, logon and deletion these rules record."""
    listed = list(rules)
    if any(("never" in rule.action and "task" in rule.action) or rule.loses_records for rule in listed):
        return []
    counted = [_left(rule, listed[:at]) for at, rule in enumerate(listed) if _counts(rule)]
    watched = frozenset(path for rule in counted if "w" in rule.permissions for path in rule.paths)
    everywhere = [rule for rule in counted if not rule.paths or "/" in rule.paths]
    calls = _calls(everywhere)
    deleting = _calls(rule for rule in everywhere if not rule.root_only)
    answers = {
        "identity": _all_watched(IDENTITY, watched),
        "privilege": _all_watched(PRIVILEGE, watched) or any(_elevates(rule) for rule in everywhere),
        "time": calls >= TIME or "all" in calls,
        "logon": any(_all_watched(frozenset({path}), watched) for path in LOGON),
        "deletion": deleting >= DELETION or "all" in deleting,
    }
    return [name for name, answer in answers.items() if answer]


def _calls(rules: Iterable[AuditRule]) -> frozenset[str]:
    return frozenset(call for rule in rules if not rule.foreign_words for call in rule.calls)


def _elevates(rule: AuditRule) -> bool:
    return rule.root_only and not rule.foreign_words and bool(rule.calls & {"execve", "all"})


def _counts(rule: AuditRule) -> bool:
    return "always" in rule.action and "exit" in rule.action and not rule.narrowed


def _left(rule: AuditRule, before: Iterable[AuditRule]) -> AuditRule:
    """What an earlier `never` rule leaves of a rule; one that is narrowed takes away from few only."""
    for other in before:
        if "never" not in other.action or "exit" not in other.action or other.narrowed or other.foreign_words:
            continue
        if other.paths:
            if other.is_general and "w" in other.permissions:
                lost = (path for path in rule.paths if _all_watched(frozenset({path}), other.paths))
                rule = replace(rule, paths=rule.paths - frozenset(lost))
        elif rule.paths and (other.is_general or other.calls & _WRITING):
            rule = replace(rule, paths=frozenset(), calls=frozenset())
        elif other.is_general:
            rule = replace(rule, calls=frozenset())
        else:
            rule = replace(rule, calls=rule.calls - other.calls - {"all"})
    return rule


def _shape(rule: AuditRule) -> AuditRule:
    action = ",".join(sorted(rule.action.split(",")))
    return replace(rule, action=action, calls=rule.calls - {"all"} if rule.paths else rule.calls)


def _all_watched(paths: frozenset[str], watched: frozenset[str]) -> bool:
    roots = [folder.rstrip("/") + "/" for folder in watched]
    return all(path in watched or path.startswith(tuple(roots)) for path in paths)


def _rule(words: list[str]) -> AuditRule:
    options = list(zip(words, [*words[1:], ""], strict=True))
    action = next((value for option, value in options if option in ("-a", "-A")), "always,exit")
    matches = [_FILTER.fullmatch(value) for option, value in options if option == "-F"]
    filters = [match.groups() for match in matches if match]
    paths = [value for option, value in options if option == "-w"]
    paths += [given for field, _, given in filters if field in ("path", "dir")]
    given = [value for option, value in options if option == "-p"]
    given += [value for field, _, value in filters if field == "perm"]
    calls = frozenset(call for option, value in options if option == "-S" for call in value.split(","))
    foreign = any(field == "arch" and value in ("b32", "i386", "i686") for field, _, value in filters)
    elevates = any(field in ("euid", "uid") and value in ("0", "root") for field, _, value in filters)
    compared = [value for option, value in options if option == "-C"]
    elevates = elevates or any("euid" in value for value in compared)
    # A path with calls of its own and no permission is watched for those calls alone.
    some_calls = bool(paths) and not given and bool(calls - {"all"})
    return AuditRule(
        action,
        frozenset(path.rstrip("/") or "/" for path in paths),
        given[-1] if given else "rwxa" if paths else "",
        calls,
        some_calls or any(_narrows(*one) for one in filters) or any("euid" not in one for one in compared),
        foreign,
        elevates,
        "exclude" in action and bool(filters) and all(_loses(*one) for one in filters),
    )


def _narrows(field: str, operator: str, value: str) -> bool:
    """Whether a filter leaves out more than the system's own accounts: only these are known not to."""
    if field in ("auid", "loginuid"):
        people = operator in (">=", ">") and value.isdecimal() and int(value) <= _FIRST_PERSON
        return not (people or (operator == "!=" and value in _UNSET))
    if field == "euid" and operator == "=":
        return value not in ("0", "root")
    if field == "success":
        return value in ("0", "no")
    if operator == "!=" and value not in ("0", "root"):
        return field not in ("exe", "subj_type", "subj_user", "pid", "ppid", "uid", "msgtype")
    return field not in _HARMLESS


def _loses(field: str, operator: str, value: str) -> bool:
    return field == "msgtype" and (operator != "=" or value.upper() in _RECORDS)
