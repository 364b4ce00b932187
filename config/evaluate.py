"""Judging: evidence about one subject, a catalogue and a profile in; one verdict per check out.

Pure and deterministic: the agent, the server and the auditor get the same bytes from the same inputs.
Three-valued throughout: unknown never becomes a pass, nor an exemption.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from config import attested, canonical, question
from config.attested import Waiver
from config.canonical import Json
from config.criterion import PLATFORMS, READINGS, Catalogue, Check
from config.profile import Profile
from config.question import Answer, Question
from config.section import Section
from config.settings import CLOCK_SKEW_MAX_SECONDS, EVIDENCE_MAX_AGE_DAYS, OBSERVED_MAX
from config.verdict import Verdict

__all__ = ["Evidence", "Verdict", "evidence", "judge"]

_MAX_AGE = timedelta(days=EVIDENCE_MAX_AGE_DAYS)
_SKEW = timedelta(seconds=CLOCK_SKEW_MAX_SECONDS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOLD_MAX = 4  # questions that one detail tells of


@dataclass(frozen=True)
class Evidence:
    """What one report says of one subject."""

    subject: str
    platform: str
    facts: Mapping[str, Json]
    missing: Mapping[str, str]
    sources: Mapping[str, tuple[str, ...]]
    observed_at: datetime


class _Asked(NamedTuple):
    question: Question
    answer: Answer


@dataclass(frozen=True)
class _BoundCheck:
    check: Check
    applies_when: tuple[Question, ...]
    questions: tuple[Question, ...]


def observed_at(report: Mapping[str, Json]) -> datetime:
    """When a report's facts were seen, its host's clock put right where it is known to run ahead.

    What a clock ahead of its time dates is refused now, and must not become true when that date comes. A clock
    behind is not put right: its offset may be older than its correction, and would make the evidence newer.
    """
    finished_at, offset_ms = canonical.decode_time(str(report["finished_at"])), report["clock_offset_ms"]
    if not isinstance(offset_ms, int) or offset_ms >= -CLOCK_SKEW_MAX_SECONDS * 1000:
        return finished_at
    # Reckoned in spans, of which none is too long, and no earlier than any time that data hold.
    since = finished_at - _EPOCH + timedelta(seconds=offset_ms // 1000)
    return _EPOCH + max(since, timedelta())


def evidence(subject: str, platform: str, sections: Iterable[Section], observed_at: datetime) -> Evidence:
    """The evidence in a report's sections, whatever their order.

    A fact that is told of twice is missing: nobody can say which of the two to believe.
    """
    facts: dict[str, Json] = {}
    missing: dict[str, str] = {}
    sources: dict[str, tuple[str, ...]] = {}
    told: set[str] = set()
    twice: set[str] = set()
    for section in sections:
        names = (*section.facts, *section.missing)
        twice |= told.intersection(names) | section.facts.keys() & section.missing.keys()
        told.update(names)
        facts |= section.facts
        missing |= section.missing
        sources |= section.sources
    for name in twice:
        facts.pop(name, None)
        sources.pop(name, None)
        missing[name] = "malformed"
    return Evidence(subject, platform, facts, missing, sources, observed_at)


def asks(check: Check, platform: str) -> bool:
    """Whether a check gives a verdict of a subject of this platform: of one that nobody knows, every check does."""
    return platform in (*check.asks, *check.unseen) or platform not in PLATFORMS


def judge(
    evidence: Evidence,
    catalogue: Catalogue,
    profile: Profile,
    moment: datetime,
    mfa_reading: str = "text",
    waivers: Iterable[Waiver] = (),
) -> tuple[Verdict, ...]:
    """One verdict per check that asks about the subject's platform, in catalogue order.

    A platform that no check could name exempts from nothing: then every check gives a verdict.

    Args:
        evidence: of one subject.
        catalogue: the criteria.
        profile: the thresholds.
        moment: aware; ages, expiries and waivers are reckoned from it.
        mfa_reading: text or conference. It moves levels, in config.standing, and never an answer; it is
            named here because a judgement is known by all five.
        waivers: overlay failed and unknown verdicts of their check; the answer stays.

    Raises:
        InputError: profile_missing_parameter or profile_wrong_type, when the profile does not fit.
        ValueError: an unknown reading, or a moment without a time zone.
    """
    if mfa_reading not in READINGS:
        raise ValueError(f"{mfa_reading!r} is no reading; there are {READINGS}")
    if moment.tzinfo is None:
        raise ValueError("the moment has no time zone")
    moment = moment.astimezone(UTC)
    bound = _bind(catalogue, profile)
    waived = attested.in_force(waivers, evidence.subject, moment)
    unusable = _unusable(evidence, moment)
    verdicts = (
        _verdict(one.check, evidence, "unknown", *unusable) if unusable else _judge(one, evidence, moment)
        for one in bound
        if asks(one.check, evidence.platform)
    )
    return tuple(
        replace(verdict, waived_by=waived[verdict.check])
        if verdict.check in waived and verdict.answer in ("fail", "unknown")
        else verdict
        for verdict in verdicts
    )


@functools.lru_cache(maxsize=8)
def _bind(catalogue: Catalogue, profile: Profile) -> tuple[_BoundCheck, ...]:
    """A fleet is judged by one catalogue and one profile: thresholds are put in place once, not per host."""
    return tuple(
        _BoundCheck(
            check,
            tuple(question.bind(clause, profile) for clause in check.applies_when),
            tuple(question.bind(clause, profile) for clause in check.clauses),
        )
        for check in catalogue.checks.values()
    )


def _unusable(evidence: Evidence, moment: datetime) -> tuple[str, str] | None:
    """Why nothing may be judged from this evidence: reason and detail."""
    seen = canonical.encode_time(evidence.observed_at)
    if evidence.observed_at - moment > _SKEW:
        return "clock_ahead", f"last seen {seen}, which is still to come"
    if moment - evidence.observed_at > _MAX_AGE:
        return "stale", f"last seen {seen}, at most {EVIDENCE_MAX_AGE_DAYS} days ago wanted"
    return None


def _judge(bound: _BoundCheck, evidence: Evidence, moment: datetime) -> Verdict:
    check = bound.check
    if evidence.platform in check.unseen:
        detail = f"not looked at on {evidence.platform} yet"
        return _verdict(check, evidence, "unknown", "not_collected", detail)
    applies, asked = _combine(_ask(bound.applies_when, evidence, moment), "all")
    if applies is False:
        detail = "does not apply: " + _detail(asked, named=True, wanted=False)
        return _verdict(check, evidence, "not_applicable", "does_not_apply", detail, asked)
    if applies is None:
        detail = "whether it applies is not known: " + _detail(asked, named=True)
        return _verdict(check, evidence, "unknown", asked[0].answer.reason, detail, asked)
    holds, asked = _combine(_ask(bound.questions, evidence, moment), check.match)
    detail = _detail(asked, named=len(bound.questions) > 1 or asked[0].question.clause.type.kind != "int")
    reason = asked[0].answer.reason
    if holds is None:
        return _verdict(check, evidence, "unknown", reason, detail, asked)
    if holds:
        return _verdict(check, evidence, "pass", reason or "as_wanted", detail, asked)
    return _verdict(check, evidence, "fail", reason or "not_as_wanted", detail, asked)


def _ask(questions: Iterable[Question], evidence: Evidence, moment: datetime) -> list[_Asked]:
    return [_Asked(each, each.ask(evidence.facts, evidence.missing, moment)) for each in questions]


def _combine(asked: list[_Asked], match: str) -> tuple[bool | None, list[_Asked]]:
    """The answer of all or any (Kleene), and the questions it rests on."""
    decisive = match == "any"
    for holds in (decisive, None):
        resting = [each for each in asked if each.answer.holds is holds]
        if resting:
            return holds, resting
    return not decisive, asked


def _detail(asked: Sequence[_Asked], named: bool, wanted: bool = True) -> str:
    """Such as "12, at least 15 wanted (NIST SP 800-63B-4)", and the fact's name before it where it helps."""
    lines: dict[str, list[str]] = {}
    for one, answer in asked:
        found = f"{one.clause.fact} {answer.found}" if named or answer.holds is None else answer.found
        demands = lines.setdefault(found, [])
        # Of a list, the demand is said only where a threshold makes it worth the room.
        is_plain = one.clause.quantifier is None
        helps = not answer.holds or one.origin if is_plain else one.origin and one.clause.quantifier != "none"
        if wanted and helps and answer.observed is not None:
            demands.append(f"{one.demand} wanted" + (f" ({one.origin})" if one.origin else ""))
    told = [", ".join([found, *demands]) for found, demands in lines.items()]
    more = [f"and {len(told) - _TOLD_MAX} more"] if len(told) > _TOLD_MAX else []
    return "; ".join(told[:_TOLD_MAX] + more)


def _verdict(
    check: Check, evidence: Evidence, answer: str, reason: str, detail: str, asked: Iterable[_Asked] = ()
) -> Verdict:
    observed: dict[str, Json] = {}
    expected: dict[str, Json] = {}
    origins: dict[str, None] = {}
    sources: dict[str, None] = {}
    for one, told in asked:
        fact = one.clause.fact
        if told.observed is not None:
            observed[fact] = told.observed
        # Two questions to one fact: a lower and an upper bound.
        expected[fact] = f"{expected[fact]}, {one.wanted}" if fact in expected else one.wanted
        origins |= {one.origin: None} if one.origin else {}
        sources |= dict.fromkeys(evidence.sources.get(fact, ()))
    return Verdict(
        check.id,
        evidence.subject,
        answer,
        reason,
        detail,
        observed,
        expected,
        "; ".join(origins),
        tuple(sources)[:OBSERVED_MAX],
    )
