"""The effective configuration of sshd by its files alone, in the words of `sshd -T`.

By sshd_config(5) and servconf.c: the first value of a keyword wins; then, for a connection, the first value
among the Match blocks that it meets. A test holds this to the real sshd on generated configurations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from collectors.readers import sshd_tables as tables
from collectors.readers import sshd_values
from collectors.readers.sshd_match import Connection, meets
from collectors.readers.sshd_text import Block, Line

DEFAULT: Final = "OpenSSH default"
"""The source of what no file sets."""


@dataclass(frozen=True)
class Setting:
    """A value in the words of `sshd -T`, where it stands, and in which Match blocks."""

    value: str
    source: str
    guard: tuple[Block, ...] = ()


Settings = Mapping[str, Setting]
Version: TypeAlias = tuple[int, int]
NEWEST: Final = (99, 0)
_ONE_NAME_SINCE: Final = (8, 7)
_KEYBOARD: Final = "kbdinteractiveauthentication"
_CHALLENGE: Final = "challengeresponseauthentication"


def effective(
    lines: Iterable[Line], holds: Callable[[Block], bool] | None = None, version: Version = NEWEST
) -> dict[str, Setting]:
    """The settings that are looked at; with `holds`, those of a connection for which it tells what matches.

    As with `sshd -T`, `Match all` holds for the first reading as well.
    """
    kept = list(lines)
    base = _first(line for line in kept if _global(line))

    def applies(line: Line) -> bool:
        return bool(line.guard) and all(
            block.is_all or (holds is not None and holds(block)) for block in line.guard
        )

    matched = _first(line for line in kept if line.keyword in tables.MATCHABLE and applies(line))
    found = _defaults() | base | matched
    ports = [one for line in kept if line.keyword == "port" and _global(line) for one in line.arguments]
    if ports and "port" in base:
        found["port"] = Setting(" ".join(ports), base["port"].source)
    return found if version >= _ONE_NAME_SINCE else found | {_KEYBOARD: _of_two_names(kept, applies)}


def _of_two_names(lines: list[Line], applies: Callable[[Line], bool]) -> Setting:
    """Whether sshd before OpenSSH 8.7 asks by keyboard-interactive.

    ChallengeResponseAuthentication was a setting of its own then, for all connections alone. Where it was on,
    as by default, it overruled the other; only a Match block had the last word. SkeyAuthentication was ignored.
    """
    asked = [line for line in lines if line.keyword == _KEYBOARD]
    matched = _first(line for line in asked if applies(line))
    if matched:
        return matched[_KEYBOARD]
    challenge = _first(line for line in lines if line.keyword == _CHALLENGE and _global(line))
    setting = challenge.get(_KEYBOARD, Setting("yes", DEFAULT))
    if setting.value == "yes":
        return setting
    return _first(line for line in asked if _global(line)).get(_KEYBOARD, Setting("no", DEFAULT))


def of_connection(lines: Iterable[Line], connection: Connection) -> dict[str, Setting]:
    """The settings of one connection, as `sshd -T -C` prints them."""
    return effective(lines, lambda block: meets(block, connection))


def alternatives(settings: Settings) -> list[list[str]]:
    """The lists of methods of which each lets somebody in.

    They are those of AuthenticationMethods, else every method alone; the shortest come first. A list with a
    method that is switched off counts for nothing, as in sshd.
    """
    enabled = {
        method
        for method, name in tables.ENABLED_BY.items()
        if name in settings and settings[name].value == "yes"
    }
    value = settings["authenticationmethods"].value
    if value == "any":
        return [[method] for method in tables.ENABLED_BY if method in enabled]
    lists = [[method.split(":")[0] for method in one.split(",")] for one in value.split()]
    if "gssapi-with-mic" in enabled:
        enabled.add("gssapi-keyex")
    return sorted((one for one in lists if set(one) <= {*enabled, "none"}), key=len)


def pam_service(settings: Settings) -> str:
    """The name by which sshd asks PAM."""
    return settings["pamservicename"].value if "pamservicename" in settings else "sshd"


def blocks(lines: Iterable[Line]) -> list[Block]:
    """The Match blocks in their order."""
    return list(dict.fromkeys(line.guard[-1] for line in lines if line.keyword == "match" and line.guard))


def errors(lines: Iterable[Line], version: Version = NEWEST) -> list[str]:
    """Why sshd would refuse the configuration: "path:line: reason" of each line that it would."""
    kept = list(lines)
    found = [f"{line.source}: {why}" for line in kept if (why := line.error or _error(line, version))]
    base = _defaults() | _first(line for line in kept if _global(line))
    first = next((one for one in kept if one.keyword == "authenticationmethods" and _global(one)), None)
    if first is not None:
        later = (one for one in kept[kept.index(first) + 1 :] if one.keyword == "authenticationmethods")
        found += [f'{one.source}: "any" after another list' for one in later if one.arguments == ("any",)]
    command, methods = base["authorizedkeyscommand"], base["authenticationmethods"]
    if methods.value != "any" and not alternatives(base):
        found.append(f"{methods.source}: no list of AuthenticationMethods has all its methods enabled")
    named = any(line.keyword == "authorizedkeyscommanduser" and _global(line) for line in kept)
    if command.value != "none" and not named:
        found.append(f"{command.source}: AuthorizedKeysCommand without AuthorizedKeysCommandUser")
    return found


def settings_of(text: str) -> dict[str, Setting]:
    """The settings that are looked at, from the output of `sshd -T`."""
    found = {name: Setting("none", "sshd -T") for name in tables.ADDING}
    for line in text.splitlines():
        told, _, value = line.strip().partition(" ")
        name = tables.ALIASES.get(told, told)  # as sshd before 8.5 told them
        before = found[name].value if name in found else "none"
        if name == "port" or name in tables.ADDING:
            value = value if before == "none" else f"{before} {value}"
        if name in tables.DEFAULTS and (name == told or name not in found):
            found[name] = Setting(value.strip(), "sshd -T")
    return found


def _first(lines: Iterable[Line]) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    for line in lines:
        name = tables.ALIASES.get(line.keyword, line.keyword)
        if name not in tables.DEFAULTS or line.error or (name in found and name not in tables.ADDING):
            continue
        value = sshd_values.value(name, line.arguments, line.rest)
        if value is not None and name in found:
            found[name] = replace(found[name], value=f"{found[name].value} {value}")
        elif value is not None:
            found[name] = Setting(value, line.source, line.guard)
    return found


def _defaults() -> dict[str, Setting]:
    return {name: Setting(value, DEFAULT) for name, value in tables.DEFAULTS.items()}


def _global(line: Line) -> bool:
    return all(block.is_all for block in line.guard)


def _error(line: Line, version: Version) -> str:
    name = tables.ALIASES.get(line.keyword, line.keyword)
    if line.keyword in ("match", "include"):
        return ""
    if line.keyword not in tables.GLOBAL_ONLY | tables.MATCHABLE:
        return f"unknown keyword {line.keyword}"
    in_block = any(not block.is_all for block in line.guard)
    only_once = line.keyword in (_CHALLENGE, "skeyauthentication") and version < _ONE_NAME_SINCE
    if in_block and (only_once or line.keyword in tables.GLOBAL_ONLY):
        return f"{line.keyword} may not stand in a Match block"
    if name in tables.DEFAULTS and name not in tables.LISTS | tables.RAW and len(line.arguments) > 1:
        return "extra arguments"
    looked_at = name in tables.DEFAULTS and (line.arguments or name not in tables.ADDING)
    if looked_at and sshd_values.value(name, line.arguments, line.rest) is None:
        return f"bad value for {line.keyword}"
    if why := sshd_values.wrong(name, line.arguments):
        return why
    if name == "authenticationmethods":
        return _methods_error(line.arguments)
    return ""


def _methods_error(lists: tuple[str, ...]) -> str:
    if "any" in lists:
        return "" if len(lists) == 1 else '"any" must stand alone'
    named = {method.split(":")[0] for one in lists for method in one.split(",")}
    return "" if named <= tables.METHODS else "unknown authentication method"
