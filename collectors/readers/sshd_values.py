"""Values of sshd_config(5): what `sshd -T` makes of them, and which of them sshd refuses (servconf.c)."""

from __future__ import annotations

import fnmatch
import re
from typing import Final

from collectors.readers import sshd_tables as tables

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_INT_MAX: Final = 2**31 - 1
_MAX_STARTUPS: Final = re.compile(r"([0-9]+)(?::([0-9]+):([0-9]+))?")


def value(name: str, arguments: tuple[str, ...], rest: str = "") -> str | None:
    """A value in the words of `sshd -T`; None when sshd would refuse it."""
    if name in tables.RAW:
        return _raw(name, rest)
    if not arguments:
        return "none" if name == "pubkeyauthoptions" else None
    one = arguments[0]
    if name in tables.FLAGS:
        return one.lower() if one.lower() in ("yes", "no") else None
    if name in tables.WORDS:
        return tables.WORDS[name].get(one.lower())
    if name in tables.NUMBERS | tables.TIMES:
        number = seconds(one) if name in tables.TIMES else int(one) if _is_number(one) else None
        return None if number is None else str(number)
    if name in tables.ALGORITHMS:
        return _algorithms(name, one) if re.fullmatch(r"[+^-]?[\w@.,*?-]+", one) else None
    if name in tables.LISTS:
        return _list(name, arguments)
    if name == "port":
        return one if _is_number(one) and 0 < int(one) < 65536 else None
    return one or None


def _list(name: str, arguments: tuple[str, ...]) -> str | None:
    if name == "pubkeyauthoptions":
        told = {word.lower() for word in arguments}
        named = [word for word in ("touch-required", "verify-required") if word in told]
        return (" ".join(named) or "none") if told <= {"none", "touch-required", "verify-required"} else None
    if name == "authorizedkeysfile":
        arguments = tuple("/root" + word[1:] if word.startswith("~/") else word for word in arguments)
    return " ".join(arguments) if "" not in arguments else None


def _raw(name: str, rest: str) -> str | None:
    """A command: the whole line, quotes and all."""
    told = rest.lstrip(" \t\r\n")
    if name == "forcecommand":
        return told or None
    return told if told.startswith("/") else "none" if told.lower() == "none" else None


def _algorithms(name: str, told: str) -> str:
    """A list, or what "+", "-" and "^" make of the default; patterns stand for every known key algorithm."""
    usual = tables.DEFAULTS[name].split(",")
    names = [one for one in told.lstrip("+-^").split(",") if one]
    if told.startswith("-"):
        return ",".join(one for one in usual if not any(fnmatch.fnmatchcase(one, name) for name in names))
    if name in tables.KEY_LISTS:
        names = [one for pattern in names for one in _known(pattern)]
    if told.startswith("+"):
        names = [*usual, *names]
    elif told.startswith("^"):
        names = [*names, *usual]
    return ",".join(dict.fromkeys(names))


def _known(pattern: str) -> list[str]:
    if "*" not in pattern and "?" not in pattern:
        return [pattern]
    return [one for one in tables.KEYS_KNOWN if fnmatch.fnmatchcase(one, pattern)]


def wrong(name: str, arguments: tuple[str, ...]) -> str:
    """Why sshd refuses the arguments of a keyword that is not looked at; "" where it takes them."""
    if name in tables.TAKES_ANYTHING or name in tables.DEFAULTS:
        return ""
    if not arguments:
        return "" if name in tables.TAKES_NOTHING_TOO else "missing argument"
    if name in tables.TAKES_MANY:
        return "" if "" not in arguments else "empty argument"
    if len(arguments) > 1:
        return "extra arguments"
    return "" if _fits(name, arguments[0]) else f"bad value for {name}"


def _fits(name: str, one: str) -> bool:
    if name in tables.CHOICES:
        return one.lower() in tables.CHOICES[name]
    if name in tables.OTHER_NUMBERS:
        return _is_number(one)
    if name == "maxstartups":
        told = _MAX_STARTUPS.match(one)
        begin, rate, full = (int(part or 0) for part in told.groups()) if told else (0, 0, 0)
        return begin > 0 and (told is None or told[2] is None or (begin <= full and 1 <= rate <= 100))
    return one != ""


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\+?[0-9]+", text) is not None and int(text) <= _INT_MAX


def seconds(text: str) -> int | None:
    """A time such as "90", "1m30s" (sshd_config(5), TIME FORMATS); None when it is none."""
    parts = re.findall(r"([0-9]+)([smhdwSMHDW]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    total = sum(int(number) * _UNITS[unit.lower()] for number, unit in parts)
    return total if total <= _INT_MAX else None
