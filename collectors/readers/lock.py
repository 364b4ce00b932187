"""The lock after wrong passwords of one PAM service."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.door import Host
from collectors.readers import pam, pam_modules, quality
from collectors.readers.applicant import Asked
from collectors.readers.pam import Outcome, Step

_COUNTED = "counted"
_TRIED = "tried"


@dataclass(frozen=True)
class Lock:
    """`threshold` 0: nothing locks. `unlock_seconds` 0: an administrator unlocks."""

    threshold: int
    window_seconds: int
    unlock_seconds: int
    includes_superuser: bool
    sources: tuple[str, ...]


def of_service(host: Host, service: str) -> Lock:
    """The lock of a service's auth stack. Raises `Unseen`."""
    steps, asked = pam.stack(host, service, "auth"), Asked(service)
    counting = [step for step in steps if _role(step) in ("authfail", "tally")]
    where = steps[0].source.rsplit(":", 1)[0]
    if not counting or not _counts(host, steps, asked) or not _holds(host, steps, asked):
        return Lock(0, 0, 0, False, (where,))
    step = counting[0]
    if _role(step) == "tally":
        return _tally(step)
    settings = quality.faillock(host, step)
    deny, source = quality.number(settings, "deny", 3, "pam_faillock")
    if deny == 0:
        return Lock(0, 0, 0, False, (source,))
    window, window_source = quality.number(settings, "fail_interval", 900, "pam_faillock")
    unlock, unlock_source = quality.number(settings, "unlock_time", 600, "pam_faillock")
    if settings.get("unlock_time", ("", ""))[0] == "never":
        unlock, unlock_source = 0, settings["unlock_time"][1]
    sources = (step.source, source, window_source, unlock_source)
    return Lock(deny, window, unlock, "even_deny_root" in settings, sources)


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
    return Lock(deny, 0, unlock, "even_deny_root" in settings, (step.source,))


def _role(step: Step) -> str:
    if step.always:
        return ""
    if step.module in ("pam_tally2", "pam_tally"):
        return "tally"
    if step.module != "pam_faillock":
        return ""
    return next((one for one in ("preauth", "authfail", "authsucc") if one in step.arguments), "preauth")


def _counts(host: Host, steps: list[Step], asked: Asked) -> bool:
    """Whether each way on which a password was asked for, and was wrong, passes a counting module."""

    def choose(step: Step, proven: frozenset[str]) -> list[Outcome]:
        role = _role(step)
        if role in ("authfail", "tally"):
            return [Outcome("ignore" if role == "authfail" else "success", frozenset({_COUNTED}))]
        if role:
            return [Outcome("success" if role == "preauth" else "ignore")]
        tried = frozenset({_TRIED} if step.module.removeprefix("pam_") in pam_modules.PASSWORDS else ())
        told = pam_modules.outcomes(host, step, proven, asked)
        return [Outcome(one.returns, tried | _marks(one)) for one in told if one.factors == _marks(one)]

    passed, failed = pam.ways(steps, choose)
    tried = [way for way in passed | failed if _TRIED in way.factors]
    return bool(tried) and all(_COUNTED in way.factors for way in tried)


def _holds(host: Host, steps: list[Step], asked: Asked) -> bool:
    """Whether nobody gets in while the lock says no: each module of it refuses, and no way succeeds."""

    def choose(step: Step, proven: frozenset[str]) -> list[Outcome]:
        if _role(step):
            return [Outcome("auth_err")]
        return pam_modules.outcomes(host, step, proven, asked)

    passed, _ = pam.ways(steps, choose)
    return not any(factor[0] != "~" for way in passed for factor in way.factors)
