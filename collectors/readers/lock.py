"""The lock after wrong passwords of one PAM service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collectors.door import Host
from collectors.readers import pam, pam_modules, quality
from collectors.readers.applicant import Asked
from collectors.readers.pam import Outcome, Step

_COUNTED: Final = "counted"
_FORGOTTEN: Final = "forgotten"
_TRIED: Final = "tried"
_FOREVER: Final = 2**40


@dataclass(frozen=True)
class Lock:
    """`threshold` 0: nothing locks. `unlock_seconds` 0: an administrator unlocks."""

    threshold: int
    window_seconds: int
    unlock_seconds: int
    includes_superuser: bool
    sources: tuple[str, ...]


def of_service(host: Host, service: str) -> Lock:
    """The lock of a service's auth stack. Raises `Unseen`.

    Each line of pam_faillock counts and denies by its own settings: what is told is the least number, and
    the longest times, for which the lines that then deny let nobody through. A line that counts also drops what
    lies outside of its own window.
    """
    steps, asked = pam.stack(host, service, "auth"), Asked(service)
    counting = [step for step in steps if _role(step) in ("authfail", "tally")]
    rules = {step.source: _rule(host, step) for step in steps if _role(step)}
    where = next((rule.sources[0] for rule in rules.values() if rule.threshold == 0), "")
    nothing = Lock(0, 0, 0, False, (where or steps[0].source.rsplit(":", 1)[0],))
    at_once = {one for one, rule in rules.items() if rule.threshold == 1}
    if not counting or not _counts(host, steps, asked, at_once):
        return nothing

    def holds(denies: Callable[[Lock], bool]) -> bool:
        return _holds(
            host, steps, asked, {one for one, rule in rules.items() if rule.threshold and denies(rule)}
        )

    told = list(rules.values())
    # A line that locks by its own number counts no further.
    most = max(_counted_to(step, rules[step.source]) for step in counting)
    numbers = sorted(n for n in {one.threshold for one in told} - {0} if n <= most)
    deny = next((n for n in numbers if holds(_least(n))), 0)
    if not deny:
        return nothing
    acting = [one for one in told if one.threshold <= deny]

    def longest(seconds: Callable[[Lock], int]) -> int:
        by_length = sorted({seconds(one) or _FOREVER for one in acting}, reverse=True)
        return next(n for n in by_length if holds(_within(acting, seconds, n))) % _FOREVER

    window, unlock = longest(lambda rule: rule.window_seconds), longest(lambda rule: rule.unlock_seconds)
    windows = [window, *(rules[one.source].window_seconds for one in counting)]
    window = min(seconds or _FOREVER for seconds in windows) % _FOREVER
    root = holds(lambda rule: rule in acting and rule.includes_superuser)
    sources = next(one.sources for one in acting if one.threshold == deny)
    return Lock(deny, window, unlock, root, (counting[0].source, *sources))


def _least(threshold: int) -> Callable[[Lock], bool]:
    return lambda rule: rule.threshold <= threshold


def _counted_to(step: Step, rule: Lock) -> int:
    return rule.threshold if rule.threshold and _role(step) == "authfail" else _FOREVER


def _within(acting: list[Lock], seconds: Callable[[Lock], int], least: int) -> Callable[[Lock], bool]:
    return lambda rule: rule in acting and (seconds(rule) or _FOREVER) >= least


def _rule(host: Host, step: Step) -> Lock:
    """The settings of one line; the first source is that of its threshold."""
    if _role(step) == "tally":
        return _tally(step)
    settings = quality.faillock(host, step)
    deny, source = quality.number(settings, "deny", 3, "pam_faillock")
    window, window_source = quality.number(settings, "fail_interval", 900, "pam_faillock")
    unlock, unlock_source = quality.number(settings, "unlock_time", 600, "pam_faillock")
    if settings.get("unlock_time", ("", ""))[0] == "never":
        unlock, unlock_source = 0, settings["unlock_time"][1]
    # faillock.conf(5) says that root_unlock_time implies it; Linux-PAM 1.5 does not do so.
    root = "even_deny_root" in settings
    deny %= 2**16  # an unsigned short in the module: -1 is 65,535
    return Lock(deny, window, unlock, root, (source, window_source, unlock_source))


def _marks(outcome: Outcome) -> frozenset[str]:
    """What an outcome adds that proves nothing."""
    return frozenset(factor for factor in outcome.factors if factor[0] == "~")


def _tally(step: Step) -> Lock:
    """pam_tally2(8): deny= and unlock_time= on its line; wrong passwords count without a time limit."""
    settings = {
        name: (value, step.source) for name, _, value in (one.partition("=") for one in step.arguments)
    }
    deny, _ = quality.number(settings, "deny", 0, "")
    unlock, _ = quality.number(settings, "unlock_time", 0, "")
    root = bool({"even_deny_root", "even_deny_root_account", "root_unlock_time"} & set(settings))
    return Lock(deny, 0, unlock, root, (step.source,))


def _role(step: Step) -> str:
    if step.always:
        return ""
    if step.module in ("pam_tally2", "pam_tally"):
        return "tally"
    if step.module != "pam_faillock":
        return ""
    return next((one for one in ("preauth", "authfail", "authsucc") if one in step.arguments), "preauth")


def _counts(host: Host, steps: list[Step], asked: Asked, at_once: set[str]) -> bool:
    """Whether each way on which a password was asked for, and was wrong, passes a counting module.

    One that passes authsucc as well counts for nothing: that forgets what was counted, now or at the next try.
    Where one way lets a wrong password in, there is nothing to lock. Lines that lock `at_once`, at the first wrong
    password, already say no to the one that was counted, and forget nothing.
    """

    def choose(step: Step, proven: frozenset[str]) -> list[Outcome]:
        role = _role(step)
        if role in ("authfail", "tally"):
            return [Outcome("ignore" if role == "authfail" else "success", frozenset({_COUNTED}))]
        if role and step.source in at_once:
            return [Outcome("auth_err" if _COUNTED in proven else "success")]
        if role:
            return [Outcome("success", frozenset({_FORGOTTEN} if role == "authsucc" else ()))]
        tried = frozenset({_TRIED} if step.module.removeprefix("pam_") in pam_modules.PASSWORDS else ())
        told = pam_modules.outcomes(host, step, proven, asked)
        return [Outcome(one.returns, tried | _marks(one)) for one in told if one.factors == _marks(one)]

    passed, failed = pam.ways(steps, choose)
    tried = [way for way in failed if _TRIED in way.factors]
    if any(_TRIED in way.factors for way in passed):
        return False
    return bool(tried) and all(_COUNTED in way.factors and _FORGOTTEN not in way.factors for way in tried)


def _holds(host: Host, steps: list[Step], asked: Asked, denying: set[str]) -> bool:
    """Whether nobody gets in while these lines of the lock say no."""

    def choose(step: Step, proven: frozenset[str]) -> list[Outcome]:
        if _role(step):
            idle = "ignore" if _role(step) == "authfail" else "success"
            return [Outcome("auth_err" if step.source in denying else idle)]
        return pam_modules.outcomes(host, step, proven, asked)

    passed, _ = pam.ways(steps, choose)
    return not any(factor[0] != "~" for way in passed for factor in way.factors)
