"""How long verdicts hold when nothing new comes in: time alone turns passes into fails and into stale."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from config import canonical, fact_types
from config.attested import Waiver
from config.canonical import Json
from config.criterion import Catalogue
from config.evaluate import Evidence
from config.profile import Profile
from config.settings import CLOCK_SKEW_MAX_SECONDS, EVIDENCE_MAX_AGE_DAYS

NEVER = "9999-12-31T23:59:59Z"
_TIMED = ("within_days", "not_past")
_SKEW = timedelta(seconds=CLOCK_SKEW_MAX_SECONDS)
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


def facts_until(evidence: Evidence, catalogue: Catalogue, profile: Profile, moment: datetime) -> str:
    """Return the first time after the moment at which a dated fact may give another answer.

    It may be too early, at the price of judging once more, and is never too late.
    """
    turns = (
        turn
        for fact, field, days in _timed(catalogue, profile)
        for value in _values(evidence.facts.get(fact), field)
        for turn in _turns(value, days)
    )
    return _first(turns, moment)


def report_until(observed_at: datetime, moment: datetime) -> str:
    """Return the first time after the moment at which a report becomes stale, or is no longer ahead of its time."""
    try:
        turns = (observed_at - _SKEW, observed_at + timedelta(days=EVIDENCE_MAX_AGE_DAYS) + _SECOND)
    except OverflowError:
        return NEVER  # at the very ends of the calendar
    return _first(turns, moment)


def is_fresh(observed_at: datetime, moment: datetime) -> bool:
    """Return whether a report is neither stale nor ahead of its time, so that its facts are judged."""
    # All arithmetic is on the server's own moment: what a host says of its clock may be any date.
    return moment - timedelta(days=EVIDENCE_MAX_AGE_DAYS) <= observed_at <= moment + _SKEW


def waivers_until(waivers: Iterable[Waiver], moment: datetime) -> str:
    """Return the first time after the moment at which a waiver begins or ends."""
    return _first((turn for each in waivers for turn in (each.approved_at, each.ends_at)), moment)


@lru_cache(maxsize=8)
def _timed(catalogue: Catalogue, profile: Profile) -> tuple[tuple[str, str | None, int], ...]:
    """Return (fact, field, days) of every clause and selector that compares with the moment."""
    found: dict[tuple[str, str | None, int], None] = {}
    for check in catalogue.checks.values():
        for clause in (*check.applies_when, *check.clauses):
            expected = profile.thresholds[clause.parameter].value if clause.parameter else clause.expected
            asked = [(clause.field, clause.operator, expected)]
            asked += [(each.field, each.operator, each.expected) for each in clause.where]
            for field, operator, days in asked:
                if operator in _TIMED:
                    found[clause.fact, field, days if isinstance(days, int) else 0] = None
    return tuple(found)


def _values(fact: Json, field: str | None) -> Iterator[datetime]:
    for each in fact if isinstance(fact, list) else [fact]:
        text = each.get(field) if isinstance(each, dict) and field is not None else each
        if isinstance(text, str):
            read = fact_types.read_time(text) or fact_types.read_date(text)
            if read is not None:
                yield read


def _turns(value: datetime, days: int) -> Iterator[datetime]:
    """Yield when an answer about a time or a day may turn: no longer ahead, too old, past."""
    try:
        yield value - _SKEW
        yield value + timedelta(days=days) + _SECOND
        yield value + timedelta(days=days) + _DAY
    except OverflowError:
        return  # so far off that it never comes


def _first(turns: Iterable[datetime], moment: datetime) -> str:
    later = [turn for turn in turns if turn > moment]
    return canonical.encode_time(min(later)) if later else NEVER
