"""The effective configuration of sshd by its files alone, in the words of `sshd -T`.

By sshd_config(5) and servconf.c: the first value of a keyword wins; then, for a connection, the first value
among the Match blocks that it meets. A test holds this to the real sshd on generated configurations.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from collectors.readers import sshd_tables as tables
from collectors.readers.sshd_match import Connection, meets
from collectors.readers.sshd_text import Block, Line

DEFAULT: Final = "OpenSSH default"
"""The source of what no file sets."""
_REST: Final = tables.LISTS | {"authorizedkeyscommand"}
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Setting:
    """A value in the words of `sshd -T`, and where it stands."""

    value: str
    source: str


Settings = Mapping[str, Setting]


def effective(lines: Iterable[Line], holds: Callable[[Block], bool] | None = None) -> dict[str, Setting]:
    """The settings that are looked at; with `holds`, those of a connection for which it tells what matches.

    As with `sshd -T`, `Match all` holds for the first reading as well.
    """
    kept = list(lines)
    base = _first(line for line in kept if _global(line))
    matched = _first(
        line
        for line in kept
        if line.guard
        and line.keyword in tables.MATCHABLE
        and all(block.is_all or (holds is not None and holds(block)) for block in line.guard)
    )
    found = _defaults()
    ports = [one for line in kept if line.keyword == "port" and _global(line) for one in line.arguments]
    found |= base | matched
    if ports:
        found["port"] = Setting(" ".join(ports), base["port"].source)
    return found


def of_connection(lines: Iterable[Line], connection: Connection) -> dict[str, Setting]:
    """The settings of one connection, as `sshd -T -C` prints them."""
    return effective(lines, lambda block: meets(block, connection))


def alternatives(settings: Settings) -> list[list[str]]:
    """The lists of methods of which each lets somebody in.

    They are those of AuthenticationMethods, else every method alone. A list with a method that is switched
    off counts for nothing, as in sshd.
    """
    enabled = {method for method, name in tables.ENABLED_BY.items() if settings[name].value == "yes"}
    value = settings["authenticationmethods"].value
    if value == "any":
        return [[method] for method in tables.ENABLED_BY if method in enabled] or [[]]
    lists = [[method.split(":")[0] for method in one.split(",")] for one in value.split()]
    return [one for one in lists if set(one) <= enabled]


def blocks(lines: Iterable[Line]) -> list[Block]:
    """The Match blocks in their order."""
    return list(dict.fromkeys(line.guard[-1] for line in lines if line.keyword == "match" and line.guard))


def errors(lines: Iterable[Line]) -> list[str]:
    """Why sshd would refuse the configuration: "path:line: reason" of each line that it would."""
    kept = list(lines)
    found = [f"{line.source}: {why}" for line in kept if (why := line.error or _error(line))]
    base = _defaults() | _first(line for line in kept if _global(line))
    first = next((one for one in kept if one.keyword == "authenticationmethods" and _global(one)), None)
    if first is not None:
        later = (one for one in kept[kept.index(first) + 1 :] if one.keyword == "authenticationmethods")
        found += [f'{one.source}: "any" after another list' for one in later if one.arguments == ("any",)]
    command, methods = base["authorizedkeyscommand"], base["authenticationmethods"]
    if not alternatives(base):
        found.append(f"{methods.source}: no list of AuthenticationMethods has all its methods enabled")
    named = any(line.keyword == "authorizedkeyscommanduser" and _global(line) for line in kept)
    if command.value != "none" and not named:
        found.append(f"{command.source}: AuthorizedKeysCommand without AuthorizedKeysCommandUser")
    return found


def settings_of(text: str) -> dict[str, Setting]:
    """The settings that are looked at, from the output of `sshd -T`."""
    found: dict[str, Setting] = {}
    for line in text.splitlines():
        told, _, value = line.strip().partition(" ")
        name = tables.ALIASES.get(told, told)  # as sshd before 8.5 told them
        if name == "port" and name in found:
            value = f"{found[name].value} {value}"
        if name in tables.DEFAULTS and (name == told or name not in found):
            found[name] = Setting(value.strip(), "sshd -T")
    return found


def seconds(text: str) -> int | None:
    """A time such as "90", "1m30s" (sshd_config(5), TIME FORMATS); None when it is none."""
    parts = re.findall(r"(\d+)([smhdwSMHDW]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(int(number) * _UNITS[unit.lower()] for number, unit in parts)


def _first(lines: Iterable[Line]) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for line in lines:
        name = tables.ALIASES.get(line.keyword, line.keyword)
        if name in tables.DEFAULTS and name not in found and not line.error:
            value = _value(name, line.arguments)
            if value is not None:
                found[name] = Setting(value, line.source)
    return found


def _defaults() -> dict[str, Setting]:
    return {name: Setting(value, DEFAULT) for name, value in tables.DEFAULTS.items()}


def _global(line: Line) -> bool:
    return all(block.is_all for block in line.guard)


def _value(name: str, arguments: tuple[str, ...]) -> str | None:
    """A value in the words of `sshd -T`; None when sshd would refuse it."""
    if not arguments:
        return None
    one = arguments[0]
    if name in tables.FLAGS:
        return one.lower() if one.lower() in ("yes", "no") else None
    if name in tables.WORDS:
        return tables.WORDS[name].get(one.lower())
    if name in tables.NUMBERS:
        return str(int(one)) if re.fullmatch(r"[+-]?\d+", one) else None
    if name in tables.TIMES:
        told = 0 if name == "clientaliveinterval" and one == "none" else seconds(one)
        return None if told is None else str(told)
    if name in tables.ALGORITHMS:
        return _algorithms(one, tables.DEFAULTS[name]) if re.fullmatch(r"[+^-]?[\w@.,*?-]+", one) else None
    if name == "pubkeyauthoptions":
        told_options = {word.lower() for word in arguments}
        if not told_options <= {"none", "touch-required", "verify-required"}:
            return None
        named = [word for word in ("touch-required", "verify-required") if word in told_options]
        return " ".join(named) or "none"
    if name in tables.LISTS:
        return " ".join(arguments)
    if name == "authorizedkeyscommand" and not one.startswith("/"):
        return "none" if one.lower() == "none" else None
    if name == "permituserenvironment":
        return one.lower() if one.lower() in ("yes", "no") else one
    return one


def _algorithms(value: str, default: str) -> str:
    """A list, or what "+", "-" and "^" make of the default."""
    names = [one for one in value.lstrip("+-^").split(",") if one]
    usual = default.split(",")
    if value.startswith("+"):
        return ",".join([*usual, *(one for one in names if one not in usual)])
    if value.startswith("-"):
        return ",".join(one for one in usual if not any(fnmatch.fnmatchcase(one, name) for name in names))
    if value.startswith("^"):
        return ",".join([*names, *(one for one in usual if one not in names)])
    return value


def _error(line: Line) -> str:
    name = tables.ALIASES.get(line.keyword, line.keyword)
    if line.keyword in ("match", "include"):
        return ""
    if line.keyword not in tables.GLOBAL_ONLY | tables.MATCHABLE:
        return f"unknown keyword {line.keyword}"
    in_block = any(not block.is_all for block in line.guard)
    if in_block and line.keyword in tables.GLOBAL_ONLY:
        return f"{line.keyword} may not stand in a Match block"
    if name in tables.DEFAULTS and name not in _REST and len(line.arguments) > 1:
        return "extra arguments"
    if name in tables.DEFAULTS and _value(name, line.arguments) is None:
        return f"bad value for {line.keyword}"
    if name == "authenticationmethods":
        return _methods_error(line.arguments)
    return ""


def _methods_error(lists: tuple[str, ...]) -> str:
    if "any" in lists:
        return "" if len(lists) == 1 else '"any" must stand alone'
    named = {method.split(":")[0] for one in lists for method in one.split(",")}
    return "" if named <= tables.METHODS else "unknown authentication method"
