"""Settings of PAM's password and lockout modules: which of file, drop-in and argument wins.

pam_pwquality: drop-ins in the order of their names, then pwquality.conf over them, then the module's
arguments over both (libpwquality's settings.c, pam_pwquality.c). A broken line ends the reading of all that
follows; the arguments still count, but for those that are no number. pam_faillock and pam_pwhistory: the file
(or conf=), then the arguments (faillock.conf(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final, TypeAlias

from collectors.door import Host, Unseen, glob
from collectors.readers import conf, login_defs, pam
from collectors.readers.pam import Step

Settings: TypeAlias = Mapping[str, tuple[str, str]]

PWQUALITY: Final = ("/etc/security/pwquality.conf", "/usr/etc/security/pwquality.conf")
FAILLOCK: Final = ("/etc/security/faillock.conf", "/usr/etc/security/faillock.conf")
PWHISTORY: Final = ("/etc/security/pwhistory.conf", "/usr/etc/security/pwhistory.conf")
CREDITS: Final = ("dcredit", "ucredit", "lcredit", "ocredit")
LENGTH_FLOOR: Final = 6
"""libpwquality raises a smaller minlen to this."""
_NUMBERS: Final = frozenset(
    "difok minlen dcredit ucredit lcredit ocredit minclass maxrepeat maxclassrepeat maxsequence gecoscheck"
    " dictcheck usercheck usersubstr enforcing retry".split()
)
_NUMBER: Final = re.compile(r"\s*[+-]?\d+")
_LONGEST_LOCK: Final = 7 * 24 * 60 * 60
_TALLIED: Final = ("deny", "fail_interval", "unlock_time")
_OTHERS: Final = frozenset("badwords dictpath enforce_for_root local_users_only".split())


def pwquality(host: Host, step: Step) -> Settings:
    """The settings of a pam_pwquality line, each with its source. Raises `Unseen`."""
    found: dict[str, tuple[str, str]] = {}
    main = next((path for path in PWQUALITY if host.exists(path)), PWQUALITY[0])
    for path in [*glob(host, f"{main}.d/*.conf"), main]:
        try:
            lines = conf.read_lines(host, path)
        except Unseen as unseen:
            if unseen.reason == "not_found":
                continue
            raise
        for name, value, source in lines:
            if not _taken(name.lower(), value):
                return {**found, **_taken_arguments(step)}
            found[name.lower()] = (value, source)
    return {**found, **_taken_arguments(step)}


def faillock(host: Host, step: Step) -> Settings:
    """The settings of a pam_faillock line; a value it refuses changes none. Raises `Unseen`."""
    path = step.option("conf") or next((one for one in FAILLOCK if host.exists(one)), None)
    arguments = ((name, *told) for name, told in _arguments(step).items())
    return {
        name: (value, source)
        for name, value, source in [*(conf.read_lines(host, path) if path else ()), *arguments]
        if name not in _TALLIED or _tallied(name, value)
    }


def _tallied(name: str, value: str) -> bool:
    """Whether pam_faillock takes the value; it refuses a time below zero or above a week."""
    match = _NUMBER.match(value)
    if match is None:
        return (name, value) == ("unlock_time", "never")
    return name == "deny" or 0 <= int(match[0]) <= _LONGEST_LOCK


def passwdqc(host: Host, step: Step) -> Settings:
    """The settings of a pam_passwdqc line: arguments in turn, config= read where it stands."""
    found: dict[str, tuple[str, str]] = {}
    for name, (value, source) in _arguments(step).items():
        if name == "config":
            found.update(conf.read(host, value))
        else:
            found[name] = (value, source)
    return found


def number(settings: Settings, name: str, default: int, whose: str) -> tuple[int, str]:
    """A number and its source; the module's own default, named as such, where it is not set or no number."""
    value, source = settings.get(name, ("", ""))
    match = _NUMBER.match(value)
    return (int(match[0]), source) if match else (default, f"{whose} default")


def pwquality_length(settings: Settings) -> tuple[int, str]:
    """The least length of a password with the best mixture of characters.

    Credits above zero make a shorter one do, a character each; those below zero, and minclass, are places that
    must be filled. cracklib takes nothing below six.
    """
    least, source = number(settings, "minlen", 8, "libpwquality")
    rewards = [number(settings, name, 0, "")[0] for name in CREDITS]
    demanded = {kind for kind, one in enumerate(rewards) if one < 0}
    minclass = min(number(settings, "minclass", 0, "")[0], len(CREDITS))
    chosen = (
        set(kinds) | demanded
        for size in range(len(CREDITS) + 1)
        for kinds in combinations(range(len(CREDITS)), size)
    )
    length = min(_filled(max(least, LENGTH_FLOOR), rewards, one) for one in chosen if len(one) >= minclass)
    by_words = number(settings, "dictcheck", 1, "")[0] != 0
    return max(length, LENGTH_FLOOR if by_words else 0), source


def _filled(least: int, rewards: list[int], kinds: set[int]) -> int:
    """The least length with all of these kinds of characters."""
    held = [max(-one, int(kind in kinds)) for kind, one in enumerate(rewards)]
    credit = sum(min(max(one, 0), count) for one, count in zip(rewards, held, strict=True))
    more = sum(max(one - count, 0) for one, count in zip(rewards, held, strict=True) if one > 0)
    wanted = max(least - sum(held) - credit, 0)
    return sum(held) + max((wanted + 1) // 2, wanted - more)


def pwquality_classes(settings: Settings) -> tuple[int, str]:
    """How many kinds of characters are demanded: minclass, or the credits below zero, whichever is more.

    maxclassrepeat demands two, as no single kind may go on for long.
    """
    classes, source = number(settings, "minclass", 0, "libpwquality")
    classes = max(min(classes, len(CREDITS)), 0)
    demanded = [one for one in (number(settings, name, 0, "") for name in CREDITS) if one[0] < 0]
    if len(demanded) > classes:
        classes, source = len(demanded), demanded[0][1]
    repeated, where = number(settings, "maxclassrepeat", 0, "")
    return (2, where) if classes < 2 and 0 < repeated < pwquality_length(settings)[0] else (classes, source)


def remembered(host: Host, step: Step) -> tuple[int, str]:
    """How many passwords pam_pwhistory refuses, the present one among them. Raises `Unseen`."""
    count, source = _pwhistory(host, step, "remember", 10)
    return min(max(count, 0), 400), source


def tries(host: Host, step: Step) -> int:
    """How often a module asks before it gives up; pam_pwhistory may be told 0. Raises `Unseen`."""
    if step.module == "pam_pwhistory":
        count, _ = _pwhistory(host, step, "retry", 1)
        return 1 if count < 0 else count
    return max(number(pwquality(host, step), "retry", 1, "")[0], 1) if step.module == "pam_pwquality" else 1


def _pwhistory(host: Host, step: Step, name: str, default: int) -> tuple[int, str]:
    """A number of a line (no number there is 0), else of the file where this module reads one."""
    for one in reversed(step.arguments):
        told, equals, value = one.partition("=")
        if told.lower() == name and equals:
            return number({name: (value, step.source)}, name, 0, "")[0], step.source
    path = step.option("conf") or next((one for one in PWHISTORY if host.exists(one)), None)
    found = login_defs.searched(host, path, name) if path and _reads_conf(host, step, path) else None
    return number({name: found} if found else {}, name, default, "pam_pwhistory")


def _reads_conf(host: Host, step: Step, path: str) -> bool:
    """Whether this pam_pwhistory knows of a file of settings: before Linux-PAM 1.5.3 only Red Hat's does."""
    program = pam.program(host, step.module)
    if program is None:
        return True
    code = host.read(program)
    if b"opasswd" not in code:
        raise Unseen("malformed", program, f"whether it reads {path} cannot be told")
    return b"pwhistory.conf" in code


def passwdqc_length(settings: Settings) -> tuple[int, str]:
    """The least length of any kind of password that pam_passwdqc takes: min=N0,N1,N2,N3,N4 or "disabled"."""
    value, source = settings.get("min", ("disabled,24,11,8,7", "pam_passwdqc default"))
    lengths = [int(one) for one in value.split(",") if one.strip().isdecimal()]
    return (min(lengths), source) if lengths else (0, source)


def _taken(name: str, value: str) -> bool:
    if name in _NUMBERS:
        return re.fullmatch(r"\s*[+-]?\d+", value) is not None
    return name in _OTHERS


def _taken_arguments(step: Step) -> dict[str, tuple[str, str]]:
    """pam_pwquality's arguments: what is no number changes nothing."""
    pairs = ((name.lower(), value) for name, _, value in (one.partition("=") for one in step.arguments))
    return {name: (value, step.source) for name, value in pairs if _taken(name, value)}


def _arguments(step: Step) -> dict[str, tuple[str, str]]:
    pairs: Iterable[tuple[str, str, str]] = (one.partition("=") for one in step.arguments)
    return {name: (value, step.source) for name, _, value in pairs}
