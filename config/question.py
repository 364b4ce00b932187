"""Questions: clauses bound to a profile, asked of facts, answered in three values (Kleene).

True and False need proof. Whatever was not seen, has a wrong type or lies in the future is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from config import wording
from config.canonical import Json
from config.criterion import Clause
from config.errors import InputError
from config.fact_types import FactType
from config.operators import OPERATORS
from config.profile import Profile

_EMPTY = {"pass": True, "fail": False, "unknown": None}
_AMOUNT = {"every": "all", "some": "at least one", "none": "none"}
_LABELS_MAX = 3


class Answer(NamedTuple):
    """What the facts say to one question."""

    holds: bool | None
    reason: str
    """Why it is not known, or "empty_selection"; else empty."""
    found: str
    """What was found, as words."""
    observed: Json


_WRONG_TYPE = Answer(None, "wrong_type", "not of the type that is declared", None)


@dataclass(frozen=True)
class Question:
    """A clause with its expected value in place."""

    clause: Clause
    expected: Json
    origin: str
    """Of the threshold; empty where the criterion itself sets the value."""
    wanted: str
    """The demand as words: "at least 15"."""
    labels: tuple[str, ...]
    """Fields that name a record."""
    shown: tuple[str, ...]
    """The labels and the fields that are asked about."""

    def ask(self, facts: Mapping[str, Json], missing: Mapping[str, str], moment: datetime) -> Answer:
        """The answer at this moment. What is both seen and missing counts as missing."""
        answer = self._ask(facts, missing, moment)
        if answer.holds is False and self.clause.otherwise == "unknown":
            reason = "stale" if self.clause.operator == "within_days" else "not_believed"
            return answer._replace(holds=None, reason=reason)
        return answer

    def _ask(self, facts: Mapping[str, Json], missing: Mapping[str, str], moment: datetime) -> Answer:
        fact = self.clause.fact
        if fact in missing or fact not in facts:
            reason = missing.get(fact, "not_collected")
            return Answer(None, reason, f"not seen: {reason}", None)
        value = facts[fact]
        if self.clause.quantifier is not None:
            return self._ask_rows(value, moment)
        holds, reason = _holds(self.clause.target, self.clause.operator, self.expected, value, moment)
        if reason == "wrong_type":
            return _WRONG_TYPE
        return Answer(holds, reason, wording.brief(value), wording.bounded(value))

    def _ask_rows(self, value: Json, moment: datetime) -> Answer:
        clause = self.clause
        is_records = clause.type.kind == "records"
        if not isinstance(value, list) or (is_records and not all(isinstance(row, dict) for row in value)):
            return _WRONG_TYPE
        # Does a row decide for all? For some and none it does when it holds, for every when it does not.
        rows: dict[bool | None, list[Json]] = {True: [], False: [], None: []}
        why, members = "", 0
        for row in value:
            member, unsure = self._selects(row, moment)
            if member is False:
                continue
            members += member is True
            holds, unseen = self._row_holds(row, moment)
            decides = None if holds is None else holds is (clause.quantifier != "every")
            if decides is not False and member is None:
                decides = None
            if decides is None:
                why = why or unsure or unseen
            rows[decides].append(row)
        outcome, reason = self._outcome(rows, members, why)
        total = len(value) if clause.operator is None else sum(map(len, rows.values()))
        return self._told(outcome, reason, rows[True] or rows[None] or rows[False], total)

    def _outcome(
        self, rows: Mapping[bool | None, list[Json]], members: int, why: str
    ) -> tuple[bool | None, str]:
        undecided = self.clause.quantifier != "some"  # the answer when no row decides
        if rows[True]:
            return not undecided, ""
        if rows[None]:
            return None, why
        empty = _EMPTY[self.clause.empty]
        if not members and not rows[False]:
            return empty, "empty_selection"
        if not members and empty is not undecided:
            return None, "field_unknown"  # perhaps nothing is selected, which would be another answer
        return undecided, ""

    def _selects(self, row: Json, moment: datetime) -> tuple[bool | None, str]:
        answer: tuple[bool | None, str] = (True, "")
        for one in self.clause.where:
            value = _field(row, one.field)
            holds, reason = _holds(one.target, one.operator, one.expected, value, moment)
            if holds is False:
                return False, ""
            if holds is None:
                answer = (None, reason)
        return answer

    def _row_holds(self, row: Json, moment: datetime) -> tuple[bool | None, str]:
        clause = self.clause
        if clause.operator is None:
            return True, ""
        value = row if clause.field is None else _field(row, clause.field)
        return _holds(clause.target, clause.operator, self.expected, value, moment)

    def _told(self, holds: bool | None, reason: str, rows: list[Json], total: int) -> Answer:
        """The answer with the rows it rests on, bounded."""
        observed = wording.bounded([self._shown(row) for row in rows[: wording.OBSERVED_MAX + 1]])
        names = [wording.row(self._shown(row), self.labels) for row in rows[: wording.NAMED_MAX]]
        found = wording.found(self.clause.quantifier or "", holds, names, len(rows) - len(names), total)
        return Answer(holds, reason, found, observed)

    def _shown(self, row: Json) -> Json:
        if not isinstance(row, dict):
            return wording.bounded(row)
        return {name: wording.bounded(row.get(name)) for name in self.shown}


def bind(clause: Clause, profile: Profile) -> Question:
    """The question that this clause asks under this profile.

    Raises:
        InputError: profile_missing_parameter, or profile_wrong_type when the threshold does not fit.
    """
    expected, origin = clause.expected, ""
    if clause.parameter is not None:
        threshold = profile.thresholds.get(clause.parameter)
        if threshold is None:
            hint = "Every threshold that a criterion names must be in the profile."
            message = f"profile {profile.name} has no {clause.parameter}"
            raise InputError("profile_missing_parameter", message, hint)
        expected, origin = threshold.value, threshold.origin
        rule = OPERATORS[clause.operator or ""]
        if not rule.fits(clause.target.kind, expected):
            message = f"profile {profile.name}: {clause.parameter} does not fit {clause.fact}"
            raise InputError("profile_wrong_type", message, f"{clause.operator} takes {rule.wants}.")
    touched = {clause.field, *(one.field for one in clause.where)}
    labels = _labels(clause.type)
    shown = tuple(name for name in clause.type.fields if name in labels or name in touched)
    return Question(clause, expected, origin, _wanted(clause, expected), labels, shown)


def _labels(type_: FactType) -> tuple[str, ...]:
    """What names a record: its name, or else its first texts and numbers."""
    if "name" in type_.fields:
        return ("name",)
    plain = [name for name, one in type_.fields.items() if one.kind in ("str", "int") and not one.nullable]
    return tuple(plain[:_LABELS_MAX])


def _wanted(clause: Clause, expected: Json) -> str:
    demand = "" if clause.operator is None else OPERATORS[clause.operator].phrase(expected)
    if clause.quantifier is None:
        return demand
    where = ", ".join(f"{one.field} {OPERATORS[one.operator].phrase(one.expected)}" for one in clause.where)
    subject = clause.fact.split(".")[1].replace("_", " ") + (f" with {where}" if where else "")
    demand = f"{clause.field} {demand}" if clause.field else demand
    return f"{_AMOUNT[clause.quantifier]} of {subject}" + (f": {demand}" if demand else "")


def _field(row: Json, name: str) -> Json:
    assert isinstance(row, dict)  # only records have where and field; their rows were checked before
    return row.get(name)


def _holds(
    type_: FactType, operator: str | None, expected: Json, value: Json, moment: datetime
) -> tuple[bool | None, str]:
    if value is None and type_.nullable:
        return None, "field_unknown"
    if not type_.accepts(value):
        return None, "wrong_type"
    holds = OPERATORS[operator or ""].holds(value, expected, moment)
    return holds, "" if holds is not None else "clock_ahead"
