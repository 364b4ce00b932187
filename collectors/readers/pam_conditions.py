"""Conditions in a PAM stack: pam_succeed_if, pam_listfile, pam_usertype, pam_localuser and their kin.

What the service or the user decides is decided; everything else (a terminal, an address, a time of day) may
hold or not. Two lines that ask the same get the same answer.
"""

from __future__ import annotations

import fnmatch
import operator
from collections.abc import Callable, Mapping
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import people
from collectors.readers.applicant import Applicant, Asked
from collectors.readers.pam import Outcome, Step

MODULES: Final = frozenset("succeed_if listfile access localuser usertype time exec script rhosts".split())
_FLAGS: Final = frozenset("debug quiet quiet_fail quiet_success audit use_uid".split())
_NUMBERS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<": operator.lt,
    "lt": operator.lt,
    "<=": operator.le,
    "le": operator.le,
    ">": operator.gt,
    "gt": operator.gt,
    ">=": operator.ge,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
_REFUSALS: Final = {
    "pam_succeed_if": ("auth_err",),
    "pam_listfile": ("auth_err",),
    "pam_usertype": ("perm_denied",),
    "pam_localuser": ("perm_denied",),
}
_OVERFLOW_UIDS: Final = (65534, 65535, 4294967294)


def outcomes(host: Host, step: Step, proven: frozenset[str], asked: Asked) -> list[Outcome]:
    """What a condition may return, given what the conditions before it have returned."""
    words = [one for one in step.arguments if one not in _FLAGS]
    told = f"{step.module} {' '.join(step.arguments)}".strip()
    yes, no = (f"~{step.module} {' '.join(words)}={answer}" for answer in ("yes", "no"))
    holds = True if yes in proven else False if no in proven else _holds(host, step, words, asked)
    met = frozenset({f"condition: {told} ({step.source})"})
    unmet = frozenset({f"condition not met: {told} ({step.source})"})
    found = []
    if holds is not False:
        found.append(Outcome("success", frozenset({yes}), met))
    if holds is not True:
        refusals = _REFUSALS.get(step.module, ("auth_err", "perm_denied"))
        found += [Outcome(one, frozenset({no}), unmet) for one in refusals]
    return found


def _holds(host: Host, step: Step, words: list[str], asked: Asked) -> bool | None:
    """Whether the condition is met; None where that cannot be told from the files."""
    if step.module == "pam_succeed_if":
        return _succeeds(words, asked, "use_uid" in step.arguments)
    if asked.who is None:
        return None
    if step.module == "pam_localuser":
        return True
    try:
        if step.module == "pam_usertype":
            ordinary = asked.who.account.uid >= people.first_ordinary_uid(host)
            ordinary = ordinary and asked.who.account.uid not in _OVERFLOW_UIDS
            return ordinary if "isregular" in words else not ordinary if "issys" in words else None
        if step.module == "pam_listfile":
            return _listed(host, step, asked.who)
    except Unseen:
        return None
    return None


def _succeeds(words: list[str], asked: Asked, of_caller: bool) -> bool | None:
    """pam_succeed_if: every one of its conditions must hold."""
    if not words or len(words) % 3:
        return None
    answers = [
        _compare(words[place], words[place + 1], words[place + 2], asked, of_caller)
        for place in range(0, len(words), 3)
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _compare(field: str, how: str, right: str, asked: Asked, of_caller: bool) -> bool | None:
    if field == "service":
        return _strings(asked.service, how, right)
    who = asked.who
    if who is None or of_caller:
        return None
    account = who.account
    if how in ("ingroup", "notingroup"):
        inside = not who.groups.isdisjoint(right.split(":"))
        return inside == (how == "ingroup") if field == "user" else None
    if field in ("uid", "gid") and how in _NUMBERS:
        number = account.uid if field == "uid" else account.gid
        return _NUMBERS[how](number, int(right)) if right.isdecimal() else None
    texts = {
        "user": account.name,
        "uid": str(account.uid),
        "gid": str(account.gid),
        "shell": account.shell,
        "home": account.home,
    }
    return _strings(texts[field], how, right) if field in texts else None


def _strings(left: str, how: str, right: str) -> bool | None:
    if how in ("=", "!="):
        return (left == right) == (how == "=")
    if how in ("=~", "!~"):
        return fnmatch.fnmatchcase(left, right) == (how == "=~")
    if how in ("in", "notin"):
        return (left in right.split(":")) == (how == "in")
    return None


def _listed(host: Host, step: Step, who: Applicant) -> bool | None:
    """pam_listfile: whether the list lets the user pass. Raises `Unseen`."""
    path, sense = step.option("file"), step.option("sense")
    values = {"user": {who.account.name}, "group": set(who.groups), "shell": {who.account.shell}}
    wanted = values.get(step.option("item") or "")
    if path is None or sense not in ("allow", "deny") or wanted is None or step.option("apply"):
        return None
    listed = not wanted.isdisjoint(host.text(path).splitlines())
    return listed == (sense == "allow")
