"""Questions: clauses bound to a profile, asked of facts, answered in three values (Kleene).

True and False need proof. Whatever was not seen, has a wrong type or lies in the future is None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from config import wording
from config.canonical import Json
from config.criterion import Clause
from config.errors import InputError
from config.fact_types import FactType
from config.operators import OPERATORS
from config.profile import Profile
from config.settings import NAMED_MAX, OBSERVED_MAX

_EMPTY = {"pass": True, "fail": False, "unknown": None}
_AMOUNT = {"every": "all", "some": "at least one", "none": "none"}
_LABELS_MAX = 3
_Held: TypeAlias = bool | str
"""An answer, or the reason why there is none."""
_Test: TypeAlias = Callable[[Any, datetime], _Held]


class Answer(NamedTuple):
    """What the facts say to one question."""

    holds: bool | None
    reason: str
    """Why it is not known, or "empty_selection"; else empty."""
    found: str
    """What was found, as words."""
    observed: Json


@dataclass(frozen=True)
class Question:
    """A clause with its expected value in place."""

    clause: Clause
    test: _Test
    where: tuple[tuple[str, _Test], ...]
    origin: str
    """Of the threshold; empty where the criterion itself sets the value."""
    demand: str
    """What the operator wants, as words: "at least 15"."""
    wanted: str
    """The same with the quantifier and the selection."""
    labels: tuple[str, ...]
    """Fields that name a record."""

    def ask(self, facts: Mapping[str, Json], missing: Mapping[str, str], moment: datetime) -> Answer:
        """The answer at this moment. What is both seen and missing counts as missing."""
        fact = self.clause.fact
        if fact in missing or fact not in facts:
            reason = missing.get(fact, "not_collected")
            return Answer(None, reason, f"not seen: {reason}", None)
        is_quantified = self.clause.quantifier is not None
        answer = (
            self._ask_rows(facts[fact], moment) if is_quantified else self._ask_value(facts[fact], moment)
        )
        if answer.holds is False and self.clause.otherwise == "unknown":
            reason = "stale" if self.clause.operator == "within_days" else "not_believed"
            return answer._replace(holds=None, reason=reason)
        return answer

    def _ask_value(self, value: Json, moment: datetime) -> Answer:
        held = self.test(value, moment)
        if held == "wrong_type":
            return _WRONG_TYPE
        if isinstance(held, str):
            return Answer(None, held, f"{wording.say(value)}: {held}", wording.bounded(value))
        return Answer(held, "", wording.say(value), wording.bounded(value))

    def _ask_rows(self, value: Any, moment: datetime) -> Answer:
        clause, field = self.clause, self.clause.field
        kind = dict if clause.type.kind == "records" else object
        if not isinstance(value, list) or not all(isinstance(row, kind) for row in value):
            return _WRONG_TYPE
        harmless = clause.quantifier == "every"  # what a row may answer without deciding for all
        rows: dict[bool | None, list[Json]] = {True: [], False: [], None: []}  # by: does it decide?
        why, members = "", 0
        for row in value:
            member = self._selects(row, moment)
            if member is False:
                continue
            members += member is True
            held = self.test(row if field is None else row.get(field), moment)
            if held is harmless:
                rows[False].append(row)
            elif member is True and held is (not harmless):
                rows[True].append(row)
            else:
                rows[None].append(row)
                why = why or str(held if member is True else member)
        holds, reason = self._outcome(rows, members, why)
        total = len(value) if clause.operator is None else sum(map(len, rows.values()))
        rests_on = rows[True] or rows[None] or rows[False]
        return self._told(holds, reason, rests_on, total)

    def _outcome(
        self, rows: Mapping[bool | None, list[Json]], members: int, why: str
    ) -> tuple[bool | None, str]:
        undecided = self.clause.quantifier != "some"  # the answer when no row decides
        if rows[True]:
            return not undecided, ""
        if rows[None]:
            return None, why
        if members:
            return undecided, ""
        empty = _EMPTY[self.clause.empty]
        if rows[False] and empty is not undecided:
            return None, "field_unknown"  # perhaps nothing is selected, which would be another answer
        return empty, "empty_selection"

    def _selects(self, row: Any, moment: datetime) -> _Held:
        member: _Held = True
        for field, test in self.where:
            held = test(row.get(field), moment)
            if held is False:
                return False
            member = member if held is True else held
        return member

    def _told(self, holds: bool | None, reason: str, rows: list[Json], total: int) -> Answer:
        """The answer with the rows it rests on, bounded; none where every row was harmless."""
        quantifier = self.clause.quantifier or ""
        if holds is True and quantifier != "some":
            return Answer(holds, reason, wording.found(quantifier, holds, (), len(rows), total), [])
        shown = [self._shown(row) for row in rows[:OBSERVED_MAX]]
        names = [wording.row(row, self.labels) for row in shown[:NAMED_MAX]]
        left = len(rows) - len(shown)
        found = wording.found(quantifier, holds, names, len(rows), total)
        return Answer(holds, reason, found, shown + ([f"and {left} more"] if left else []))

    def _shown(self, row: Any) -> Json:
        """Of a record what names it, the field in question, and what selects but was not seen."""
        if not isinstance(row, dict):
            return wording.bounded(row)
        unseen = [field for field, _ in self.where if row.get(field) is None]
        asked = [self.clause.field] if self.clause.field else []
        return {name: wording.bounded(row.get(name)) for name in (*self.labels, *asked, *unseen)}


_WRONG_TYPE = Answer(None, "wrong_type", "not of the declared type", None)


def bind(clause: Clause, profile: Profile) -> Question:
    """The question that this clause asks under this profile.

    Raises:
        InputError: profile_missing_parameter, or profile_wrong_type when the threshold does not fit.
    """
    expected, origin = clause.expected, ""
    if clause.parameter is not None:
        threshold = profile.thresholds.get(clause.parameter)
        rule = OPERATORS[clause.operator or ""]
        if threshold is None:
            message = (
                f"profile {profile.name} has no {clause.parameter}, which {clause.fact} is compared with"
            )
            raise InputError("profile_missing_parameter", message, f"Give it {rule.wants}, and an origin.")
        expected, origin = threshold.value, threshold.origin
        if not rule.fits(clause.target.kind, expected):
            message = f"profile {profile.name}: {clause.parameter} does not fit {clause.fact}"
            raise InputError("profile_wrong_type", message, f"{clause.operator} takes {rule.wants}.")
    demand = "" if clause.operator is None else OPERATORS[clause.operator].phrase(expected)
    wanted = demand
    if clause.quantifier is not None:
        selected = [f"{one.field} {OPERATORS[one.operator].phrase(one.expected)}" for one in clause.where]
        wanted = f"{_AMOUNT[clause.quantifier]}" + (f" with {' and '.join(selected)}" if selected else "")
        wanted += f": {clause.field or 'each'} {demand}" if demand else ""
    where = tuple((one.field, _test(one.target, one.operator, one.expected)) for one in clause.where)
    test = _test(clause.target, clause.operator, expected)
    return Question(clause, test, where, origin, demand, wanted, _labels(clause.type))


def _labels(type_: FactType) -> tuple[str, ...]:
    """What names a record: its name and the hole it is about, or else its first texts and numbers."""
    if "name" in type_.fields:
        return ("name", "cve") if "cve" in type_.fields else ("name",)
    plain = [name for name, one in type_.fields.items() if one.kind in ("str", "int") and not one.nullable]
    return tuple(plain[:_LABELS_MAX])


def _test(target: FactType, operator: str | None, expected: Json) -> _Test:
    """The operator as a function of value and moment; made once, since a fleet's facts go through it."""
    if operator is None:
        return lambda _, __: True
    accepts, nullable, holds = target.accepts, target.nullable, OPERATORS[operator].holds

    def test(value: Json, moment: datetime) -> _Held:
        if value is None and nullable:
            return "field_unknown"
        if not accepts(value):
            return "wrong_type"
        held = holds(value, expected, moment)
        return "clock_ahead" if held is None else held

    return test
