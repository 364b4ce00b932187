"""A login's message as rsyslog sees it: its properties, and what selectors and property filters make of it.

An answer is NO, MAYBE or SURE. It is MAYBE where a property or a regular expression is not known here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

NO, MAYBE, SURE = 0, 1, 2

_LEVELS: Final = ("debug", "info", "notice", "warning", "err", "crit", "alert", "emerg")
_OLD_LEVELS: Final = {"warn": "warning", "error": "err", "panic": "emerg"}
_NUMBER: Final = re.compile(r"[0-7]")
_FACILITIES: Final = frozenset(
    "* auth authpriv cron daemon ftp kern lpr mail mark news ntp security syslog user uucp audit console cron2"
    " local0 local1 local2 local3 local4 local5 local6 local7".split()
)
_PLAIN: Final = re.compile(r"[^.*+?^$\[\](){}|\\]*")

# Messages of a login as PAM logs them: whatever keeps one of these back narrows what is logged.
MESSAGES: Final = {
    "sshd": "session opened for user alice(uid=1000) by alice(uid=0)",
    "sudo": "session opened for user root(uid=0) by alice(uid=1000)",
    "su": "session opened for user root(uid=0) by alice(uid=1000)",
    "login": "session opened for user alice(uid=1000) by LOGIN(uid=0)",
}


COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""Of two numbers, or of two texts."""
TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    **COMPARISONS,
    "contains": lambda left, right: right in left,
    "contains_i": lambda left, right: right.lower() in left.lower(),
    "startswith": lambda left, right: left.startswith(right),
    "startswith_i": lambda left, right: left.lower().startswith(right.lower()),
    "endswith": lambda left, right: left.endswith(right),
}


def properties(program: str, hostname: str | None, input_name: str) -> Mapping[str, str | None]:
    """A message's properties (rsyslog's property replacer), by lower-case name."""
    return {
        "programname": program,
        "app-name": program,
        "syslogtag": f"{program}[4711]:",
        "msg": f" pam_unix({program}:session): {MESSAGES[program]}",
        "syslogfacility": "10",
        "syslogfacility-text": "authpriv",
        "syslogseverity": "6",
        "syslogseverity-text": "info",
        "syslogpriority": "6",
        "syslogpriority-text": "info",
        "pri": "86",
        "pri-text": "authpriv.info",
        "fromhost-ip": "127.0.0.1",
        "fromhost": hostname,
        "hostname": hostname,
        "source": hostname,
        "inputname": input_name,
    }


def carries(selector: str) -> bool:
    """Whether a selector such as `*.info;mail.none` lets a login's message through."""
    passed = frozenset[str]()
    for part in selector.lower().split(";"):
        names, _, level = part.rpartition(".")
        if not _is_known(names.split(","), level):
            return False  # rsyslog leaves out the whole rule
        if not {"*", "authpriv"}.isdisjoint(names.split(",")):
            passed = _passed(passed, level)
    return "info" in passed


def _is_known(facilities: list[str], level: str) -> bool:
    bare = level.lstrip("=!")
    is_level = bare in _LEVELS or bare in _OLD_LEVELS or bare in ("*", "none") or _NUMBER.fullmatch(bare)
    return bool(is_level) and _FACILITIES.issuperset(facilities)


def _passed(before: frozenset[str], level: str) -> frozenset[str]:
    """The severities that pass after one more `facility.level`: `info`, `=info`, `!info`, `!=6`, `none`."""
    if level == "none":
        return frozenset()
    bare = _OLD_LEVELS.get(level.lstrip("=!"), level.lstrip("=!"))
    if _NUMBER.fullmatch(bare):
        bare = _LEVELS[7 - int(bare)]
    at = _LEVELS.index(bare) if bare in _LEVELS else 0
    levels = frozenset({bare} if "=" in level else _LEVELS[at:])
    return before - levels if "!" in level else before | levels


def filters(properties: Mapping[str, str | None], name: str, negated: bool, how: str, given: str) -> int:
    """A property filter: `:msg, !contains, "text"`."""
    value = properties.get(name.lower())
    text = re.sub(r"\\(.)", r"\1", given)
    if value is None:
        return MAYBE
    if how in ("regex", "ereregex"):
        if not _PLAIN.fullmatch(given):
            return MAYBE
        how = "contains"
    test = TESTS.get({"isequal": "=="}.get(how, how))
    return MAYBE if test is None else sure(test(value, text) != negated)


def sure(answer: bool) -> int:
    """An answer that nothing is missing for."""
    return SURE if answer else NO
