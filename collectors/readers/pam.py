"""PAM stacks: which modules really run for a service, and with which outcomes the stack as a whole succeeds.

`stack` resolves include, substack and @include; `ways` walks the stack as Linux-PAM's pam_dispatch.c does,
with every outcome that a module may have. A test holds both to the real libpam.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from collectors.door import Host, Unseen, glob
from collectors.readers import pam_text
from collectors.readers.once import once
from collectors.readers.pam_text import Action

FOLDERS: Final = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
MODULE_FOLDERS: Final = (
    "/lib/security",
    "/lib64/security",
    "/usr/lib/security",
    "/usr/lib64/security",
    "/lib/*/security",
    "/usr/lib/*/security",
)
_DEPTH_MAX: Final = 16
_WAYS_MAX: Final = 20_000
_STEPS_MAX: Final = 500


@dataclass(frozen=True)
class Step:
    """A module in a stack: its name without folder and ".so".

    `always` is what a broken line returns each time.
    """

    level: int
    module: str
    control: str
    actions: Mapping[str, Action]
    arguments: tuple[str, ...]
    source: str
    substack: bool = False
    always: str = ""

    def option(self, name: str) -> str | None:
        """The value of the last `name=value` argument."""
        found = [one.removeprefix(name + "=") for one in self.arguments if one.startswith(name + "=")]
        return found[-1] if found else None


@dataclass(frozen=True)
class Outcome:
    """One thing that a module may do: return a value, add and drop factors, leave a note for people."""

    returns: str
    factors: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()
    drops: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Way:
    """One way to the end of a stack: what was proven on it, and the notes of the outcomes that led there."""

    factors: frozenset[str]
    notes: frozenset[str]


class _Aborted(Exception):
    pass


Chooser: TypeAlias = Callable[[Step, frozenset[str]], Iterable[Outcome]]
"""The outcomes that a module may have, given what was proven before it."""

_Saved: TypeAlias = tuple[str, bool]
_State: TypeAlias = tuple[str, bool, int, tuple[tuple[int, _Saved], ...]]


def stack(host: Host, service: str, facility: str) -> list[Step]:
    """The modules of a service and facility, in order. Without a line of its own, those of "other" are used.

    Raises `Unseen`: `not_found` when neither the service nor "other" says anything.
    """
    try:
        steps = _file(host, service, facility) or _file(host, "other", facility)
    except _Aborted as aborted:
        steps = [_failing(0, "requisite", str(aborted))]
    if not steps:
        raise Unseen("not_found", f"{FOLDERS[0]}/{service}", f"no {facility} lines")
    return steps


def path_of(host: Host, service: str) -> str | None:
    """The file of a service: the first of the folders that has one."""
    if service.startswith("/"):
        return service if host.exists(service) else None
    return next((f"{folder}/{service}" for folder in FOLDERS if host.exists(f"{folder}/{service}")), None)


def ways(steps: list[Step], choose: Chooser) -> tuple[set[Way], set[Way]]:
    """Every way through a stack on which it succeeds, and every one on which it fails.

    Raises `Unseen` (unsupported) for a stack with too many ways to look at them all.
    """
    start: _State = ("undef", False, 0, ())
    waiting: dict[int, dict[_State, set[Way]]] = {0: {start: {Way(frozenset(), frozenset())}}}
    seen = 0
    for index, step in enumerate(steps):
        for state, arrived in waiting.pop(index, {}).items():
            for way in arrived:
                for outcome in _outcomes(step, way, choose):
                    place, after = _dispatch(steps, index, state, outcome.returns)
                    factors = (way.factors - outcome.drops) | outcome.factors
                    met = waiting.setdefault(place, {}).setdefault(after, set())
                    met.add(Way(factors, way.notes | outcome.notes))
                    seen += 1
            if seen > _WAYS_MAX:
                raise Unseen("unsupported", step.source, "too many ways through this stack")
    passed: set[Way] = set()
    failed: set[Way] = set()
    for (impression, good, _, _), arrived in waiting.pop(len(steps), {}).items():
        (passed if impression == "positive" and good else failed).update(arrived)
    return passed, failed


def _outcomes(step: Step, way: Way, choose: Chooser) -> Iterable[Outcome]:
    if step.substack or step.always:
        return [Outcome(step.always or "success")]
    return choose(step, way.factors)


def _dispatch(steps: list[Step], index: int, state: _State, returned: str) -> tuple[int, _State]:
    """Where the walk goes on after a step, and in which state (pam_dispatch.c, _pam_dispatch_aux)."""
    impression, good, previous, saved = state
    step = steps[index]
    if previous < step.level:
        saved = (
            *((level, one) for level, one in saved if level < step.level),
            (step.level, (impression, good)),
        )
    place = index + 1
    if not step.substack:
        action = step.actions.get(returned, step.actions["default"])
        if action == "reset":
            impression, good = dict(saved).get(step.level, ("undef", False))
        elif action in ("ok", "done"):
            if impression == "undef" or (impression == "positive" and good):
                impression, good = "positive", returned == "success"
            if action == "done" and impression == "positive":
                place = _leave(steps, index, step.level)
        elif action in ("bad", "die"):
            impression, good = "negative", False
            if action == "die":
                place = _leave(steps, index, step.level)
        elif isinstance(action, int):
            place, left = _jump(steps, index, step.level, action)
            if left:
                impression, good = "negative", False
    return place, (impression, good, step.level, saved)


def _leave(steps: list[Step], index: int, level: int) -> int:
    """The first step after the rest of this (sub)stack."""
    place = index + 1
    while place < len(steps) and steps[place].level >= level:
        place += 1
    return place


def _jump(steps: list[Step], index: int, level: int, count: int) -> tuple[int, int]:
    """The step after `count` more, a substack counting as one; and what of the count was too much."""
    place = index + 1
    while place < len(steps) and steps[place].level >= level and count > 0:
        place += 1
        while place < len(steps) and steps[place].level > level:
            place += 1
        count -= 1
    return place, count


def _file(host: Host, service: str, facility: str) -> list[Step]:
    path = path_of(host, service)
    if path is None:
        return []
    steps = list(islice(_steps(host, path, facility, 0, ()), _STEPS_MAX + 1))
    if len(steps) > _STEPS_MAX:
        raise Unseen("too_large", path, f"more than {_STEPS_MAX} modules; files that include each other?")
    return steps


def _steps(host: Host, path: str, facility: str, level: int, inside: tuple[str, ...]) -> Iterator[Step]:
    """The steps of one file; `inside` are the words that led to it: include, substack or @include."""
    for line in pam_text.lines(host.text(path)):
        if line.facility not in ("", facility, pam_text.ANY):
            continue
        if line.facility == pam_text.ANY and facility != "auth" and not {"include", "substack"} & set(inside):
            continue  # libpam takes what it cannot name for "auth", or for what the include asked for
        source = f"{path}:{line.number}"
        word = line.control.lower() if line.facility else "@include"
        if line.fails:
            yield _failing(level, word, source)
        elif word in ("include", "substack", "@include"):
            deeper = level + (word == "substack")
            if deeper > level:
                yield Step(level, "", word, {}, (), source, substack=True)
            included = path_of(host, line.module)
            if included is not None and len(inside) < _DEPTH_MAX:
                yield from _steps(host, included, facility, deeper, (*inside, word))
            elif word == "@include" and not {"include", "substack"} & set(inside):
                raise _Aborted(source)
            else:
                yield _failing(level, "required", source)
        else:
            name = line.module.rsplit("/", 1)[-1].removesuffix(".so")
            always = "" if _installed(host, line.module) else "module_unknown"
            does = pam_text.actions(line.control)
            yield Step(level, name, line.control, does, line.arguments, source, always=always)


def _failing(level: int, control: str, source: str) -> Step:
    return Step(level, "", control, pam_text.actions(control), (), source, always="perm_denied")


def _installed(host: Host, module: str) -> bool:
    """Whether the module's file is there; True where no folder of modules is visible at all."""
    if module.startswith("/"):
        return host.exists(module)
    present = once(host, _modules)
    return not present or module in present


def program(host: Host, name: str) -> str | None:
    """The file of a module: in the first of the folders that has one."""
    paths = (f"{folder}/{name}.so" for pattern in MODULE_FOLDERS for folder in glob(host, pattern))
    return next((path for path in paths if host.exists(path)), None)


def _modules(host: Host) -> frozenset[str]:
    folders = [folder for pattern in MODULE_FOLDERS for folder in glob(host, pattern)]
    return frozenset(name for folder in folders for name in host.list(folder))
