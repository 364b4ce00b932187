"""How strong a PAM auth stack is: which factors every way to success proves, and what lets somebody past one.

Every module is given the outcomes it may have; `pam.ways` finds every way to success. A stack demands two
factors when each of its ways proves two. A way with fewer is a bypass when something special opens it
(nullok, fail-open, a condition that jumps), and a plain alternative otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from collectors.door import Host
from collectors.readers import pam, pam_modules
from collectors.readers.applicant import Asked
from collectors.readers.pam import Step, Way

RESISTANT: Final = frozenset({"u2f", "smartcard", "security key"})
ALONE: Final = " alone is enough"


@dataclass(frozen=True)
class Strength:
    """How strong a stack is.

    `word` is none, optional, bypassable, required or phishing_resistant; None where modules are unknown.
    """

    word: str | None
    factors: tuple[str, ...]
    bypasses: tuple[str, ...]


def ways(host: Host, steps: list[Step], asked: Asked) -> set[Way]:
    """Every way on which somebody gets through a service's auth stack. Raises `Unseen`."""
    return pam.ways(steps, lambda step, proven: pam_modules.outcomes(host, step, proven, asked))[0]


def proven(way: Way) -> Way:
    """A way with what it really proves: no marks of the walk among the factors."""
    return Way(frozenset(factor for factor in way.factors if factor[0] != "~"), way.notes)


def judge(passed: Iterable[Way], steps: Iterable[Step]) -> Strength:
    """The strength of a set of ways to success; nobody is proven more than on the weakest of them."""
    passed = {proven(way) for way in passed}
    known = {way for way in passed if not any(factor.endswith("?") for factor in way.factors)}
    found = _judge(known, tuple(steps))
    unsure = passed - known
    if unsure:
        if_proven = _judge(
            known | {Way(way.factors | {"?", "??"}, way.notes) for way in unsure}, tuple(steps)
        )
        if_nothing = _judge(known | {_certain(way) for way in unsure}, tuple(steps))
        word = if_nothing.word if if_nothing.word == if_proven.word else None
        return Strength(word, combinations(passed), if_nothing.bypasses)
    return found


def _judge(ways: set[Way], steps: tuple[Step, ...]) -> Strength:
    factors = combinations(ways)
    weak = {way for way in ways if len(way.factors) < 2}
    strong = ways - weak
    if not weak:
        resistant = bool(strong) and all(way.factors & RESISTANT for way in strong)
        return Strength("phishing_resistant" if resistant else "required", factors, ())
    if not strong:
        return Strength("none", factors, ())
    usual = frozenset(note for way in strong for note in way.notes)
    special = {way: way.notes - usual for way in weak}
    bypasses = sorted({note for notes in special.values() for note in notes})
    if all(special.values()):
        return Strength("bypassable", factors, tuple(bypasses))
    plain = [way for way, notes in special.items() if not notes]
    return Strength("optional", factors, (*bypasses, *_passed_over(plain, steps)))


def _passed_over(plain: list[Way], steps: tuple[Step, ...]) -> list[str]:
    """Why everybody may pass with fewer than two factors: one need not succeed, or is not asked for."""
    missed = [
        f"{step.module} ({step.control}) need not succeed ({step.source})"
        for step in steps
        if step.control.lower() not in ("required", "requisite")
        and (factor := pam_modules.SECONDS.get(step.module.removeprefix("pam_")))
        and any(factor not in way.factors for way in plain)
    ]
    return missed or [f"{one}{ALONE}" for one in combinations(plain)]


def _certain(way: Way) -> Way:
    return Way(frozenset(factor for factor in way.factors if not factor.endswith("?")), way.notes)


def combinations(ways: Iterable[Way]) -> tuple[str, ...]:
    """The sets of factors that are enough, each as "a+b"; supersets of another are left out."""
    sets = {way.factors for way in ways}
    least = [one for one in sets if not any(other < one for other in sets)]
    return tuple(sorted("+".join(sorted(one)) or "nothing" for one in least))
