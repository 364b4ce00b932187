"""What this host observes beside itself: one report for each `[[observe]]` table of agent.toml.

A table says what `boltseal scan --KIND ADDRESS` says on a command line, and goes through the same options to
the same doors. A door that does not open is evidence as well: the report then holds the reason in place of
every fact. Whatever goes wrong with one subject stays with it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

from agent import target_options, targets
from agent.deadline import OutOfTime, bounded
from collectors import Collector, discover
from collectors.door import Door, Unseen
from config.criterion import PLATFORMS
from config.errors import InputError
from config.settings import OBSERVED_KINDS, Observe

Opener = Callable[[Observe, float], AbstractContextManager[Door]]

_FIRST: Final = {
    "ssh": "linux",
    "device": "device",
    "network": "network",
    "directory": "ad",
    "tenant": "entra",
    "mail": "mail",
}
"""Of which platform a subject is reported that never could be looked at."""
_REASONS: Final = {
    "extra_missing": "tool_missing",
    "_login": "permission_denied",
    "_host_key": "permission_denied",
    "_unreachable": "not_collected",
}
"""By what the code of an error has in it; anything else is something written wrongly."""


@dataclass(frozen=True)
class Problem:
    """Why a door did not open: a reason out of the closed list, and words for people."""

    reason: str
    error: InputError


class Closed:
    """A door that did not open. Nothing is asked of it: to some collectors a question without answer is one."""

    def __init__(self, platform: str, problem: Problem, source: str) -> None:
        self.platform = platform
        self.now = datetime.now(UTC)
        self.cache: dict[str, object] = {}
        self._why = (problem.reason, source)

    def collect(self, door: object) -> NoReturn:
        """What every collector sees here: nothing, for the one reason."""
        raise Unseen(*self._why)


def collectors_of(door: Door) -> Mapping[str, Collector]:
    """The collectors of what lies behind a door; behind one that did not open they see nothing."""
    found = discover(door.platform)
    if not isinstance(door, Closed):
        return found
    return {name: replace(each, collect=door.collect) for name, each in found.items()}


@contextmanager
def opened(table: Observe, budget_seconds: float) -> Iterator[Door]:
    """The door to what a table names, closed at the end. Raises as `targets.opened`, and `observe_option`."""
    with targets.opened(arguments(table), Path(), budget_seconds) as target:
        yield target.door


def arguments(table: Observe) -> argparse.Namespace:
    """The options of `boltseal scan` that a table stands for.

    InputError `observe_option` for what is none of its kind; its value is not repeated, it may be a secret.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    target_options.add_options(parser)
    argv: list[str] = []
    given: dict[str, str | bool | list[str]] = {"": table.address, **table.options}
    for name, value in given.items():
        option = targets.flag(f"{table.kind}_{name}" if name else table.kind)
        if option not in parser.options:
            hint = "See boltseal scan --help."
            raise InputError("observe_option", f"{table.part}: boltseal scan has no option {option}", hint)
        if isinstance(value, bool):
            argv.append(option)
        else:
            argv += [f"{option}={each}" for each in ([value] if isinstance(value, str) else value)]
    try:
        return parser.parse_args(argv)
    except argparse.ArgumentError as error:
        raise InputError("observe_option", f"{table.part}: {error.argument_name}: not of its form") from None


def door_of(
    stack: ExitStack, table: Observe, opener: Opener, budget_seconds: float, before: str = ""
) -> tuple[Door, Problem | None]:
    """The open door, closed with the stack; or a `Closed` one, and why. `before` is the platform of last time."""
    kind, source = OBSERVED_KINDS[table.kind], f"{table.kind} {table.address}"
    try:
        with bounded(budget_seconds):
            door = stack.enter_context(opener(table, budget_seconds))
        if PLATFORMS.get(door.platform, kind) == kind:
            return door, None
        raise InputError(
            "target_unseen", f"{source}: it is of the platform {door.platform}, which is no {kind}"
        )
    except (Exception, OutOfTime) as error:  # noqa: BLE001  one subject must not hide the others
        problem = _problem(error, source)
    platform = next(
        each for each in (before, table.address, _FIRST[table.kind]) if PLATFORMS.get(each) == kind
    )
    return Closed(platform, problem, source), problem


def _problem(error: BaseException, source: str) -> Problem:
    """What is told of an error. Of one that nobody foresaw its type alone: its words may hold what was read."""
    cause = error if isinstance(error, Unseen) else error.__context__
    if isinstance(cause, Unseen):
        # Nobody there is no answer; of a file it would be one.
        reason = "not_collected" if cause.reason == "not_found" else cause.reason
        told = error if isinstance(error, InputError) else InputError("target_unseen", str(cause))
        return Problem(reason, told)
    if isinstance(error, InputError):
        reasons = (reason for code, reason in _REASONS.items() if code in error.code)
        return Problem(next(reasons, "malformed"), error)
    if isinstance(error, OutOfTime):
        return Problem("budget_spent", InputError("target_unseen", f"{source}: it did not open in time"))
    if isinstance(error, ValueError):
        return Problem("malformed", InputError("target_unusable", f"{source}: {error}"))
    return Problem("collector_error", InputError("target_unseen", f"{source}: {type(error).__name__}"))


class _Parser(argparse.ArgumentParser):
    """Says what is wrong by raising, and knows its options by name."""

    @property
    def options(self) -> frozenset[str]:
        """All of them, `--ssh` and its like."""
        return frozenset(self._option_string_actions)

    def error(self, message: str) -> NoReturn:
        """Raise in place of ending the process."""
        raise argparse.ArgumentError(None, message)
