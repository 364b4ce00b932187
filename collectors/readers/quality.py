"""Settings of PAM's password and lockout modules: which of file, drop-in and argument wins.

pam_pwquality: drop-ins in the order of their names, then pwquality.conf over them, then the module's
arguments over both (libpwquality's settings.c, pam_pwquality.c). A broken line ends the reading of all that
follows; the arguments still count. pam_faillock and pam_pwhistory: the file (or conf=), then the arguments
(faillock.conf(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from collectors.door import Host, Unseen, glob
from collectors.readers import conf
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
                return {**found, **_arguments(step)}
            found[name.lower()] = (value, source)
    return {**found, **_arguments(step)}


def faillock(host: Host, step: Step) -> Settings:
    """The settings of a pam_faillock line. Raises `Unseen`."""
    return _file_and_arguments(host, step, FAILLOCK)


def pwhistory(host: Host, step: Step) -> Settings:
    """The settings of a pam_pwhistory line. Raises `Unseen`."""
    return _file_and_arguments(host, step, PWHISTORY)


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
    match = re.match(r"\s*[+-]?\d+", value)
    return (int(match[0]), source) if match else (default, f"{whose} default")


def pwquality_length(settings: Settings) -> tuple[int, str]:
    """The least length that passes: credits for digits or capitals make a shorter one do."""
    length, source = number(settings, "minlen", 8, "libpwquality")
    credit = sum(max(number(settings, name, 0, "")[0], 0) for name in CREDITS)
    return max(length, LENGTH_FLOOR) - credit, source


def pwquality_classes(settings: Settings) -> tuple[int, str]:
    """How many kinds of characters are demanded: minclass, or the credits below zero, whichever is more."""
    classes, source = number(settings, "minclass", 0, "libpwquality")
    demanded = [one for one in (number(settings, name, 0, "") for name in CREDITS) if one[0] < 0]
    return (len(demanded), demanded[0][1]) if len(demanded) > classes else (classes, source)


def passwdqc_length(settings: Settings) -> tuple[int, str]:
    """The least length of any kind of password that pam_passwdqc takes: min=N0,N1,N2,N3,N4 or "disabled"."""
    value, source = settings.get("min", ("disabled,24,11,8,7", "pam_passwdqc default"))
    lengths = [int(one) for one in value.split(",") if one.strip().isdecimal()]
    return (min(lengths), source) if lengths else (0, source)


def _taken(name: str, value: str) -> bool:
    if name in _NUMBERS:
        return re.fullmatch(r"\s*[+-]?\d+", value) is not None
    return name in _OTHERS


def _arguments(step: Step) -> dict[str, tuple[str, str]]:
    pairs: Iterable[tuple[str, str, str]] = (one.partition("=") for one in step.arguments)
    return {name: (value, step.source) for name, _, value in pairs}


def _file_and_arguments(host: Host, step: Step, paths: tuple[str, ...]) -> Settings:
    named = step.option("conf")
    path = named or next((one for one in paths if host.exists(one)), None)
    found = conf.read(host, path) if path else {}
    return {**found, **_arguments(step)}
