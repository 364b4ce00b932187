"""The catalogue of criteria: strict loader of config/criteria/*.toml.

Whatever can be refused is refused here, naming the file and the check: judging meets only sound clauses.
One file per criterion; beside them facts.toml (the vocabulary), catalogue.toml (versions) and retired.toml.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from config import canonical, fact_types, schema
from config.criterion import Catalogue, Check, Clause, Criterion, DocumentNeed, Example, Part
from config.errors import InputError
from config.fact_types import FactType
from config.operators import OPERATORS
from config.profile import Profile, Threshold, load_profile
from config.schema import Place
from config.section import REASONS
from config.settings import CRITERIA_FILES_MAX

__all__ = ["Catalogue", "Check", "Clause", "Criterion", "DocumentNeed", "Example", "Part"]
__all__ += ["Profile", "Threshold", "load", "load_profile"]

_FactName = Annotated[str, r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"]
_FILE = re.compile(r"([1-9][0-9]?)\.([1-9][0-9]?)\.toml")
_BESIDE = ("facts.toml", "catalogue.toml", "retired.toml")


@dataclass(frozen=True)
class _Versions:
    version: str
    msc_version: str


@dataclass(frozen=True)
class _Retired:
    id: str
    on: Annotated[str, "[0-9]{4}-[0-9]{2}-[0-9]{2}"]
    reason: str


@dataclass(frozen=True)
class _AllRetired:
    retired: tuple[_Retired, ...] = ()


def load(files: Mapping[str, bytes]) -> Catalogue:
    """The catalogue in these files, by name: `4.8.toml` and its like, and the three that stand beside them.

    Raises:
        InputError: catalogue_* with the file, and the check where there is one, in its message.
    """
    numbers = {name: match for name in files if (match := _FILE.fullmatch(name))}
    strays = files.keys() - numbers.keys() - {*_BESIDE}
    absent = [name for name in _BESIDE if name not in files]
    if strays or absent or len(files) > CRITERIA_FILES_MAX:
        hint = f"At most {CRITERIA_FILES_MAX} files: one per criterion, such as 4.8.toml, and {', '.join(_BESIDE)}."
        wrong = min(strays) + " is a stray" if strays else f"{len(files)} are there, without {absent}"
        raise InputError("catalogue_files", f"not the files of a catalogue: {wrong}", hint)
    versions = schema.read(_Versions, files["catalogue.toml"], "catalogue.toml", "catalogue")
    retired = schema.read(_AllRetired, files["retired.toml"], "retired.toml", "catalogue").retired
    facts = _facts(files["facts.toml"])
    names = sorted(numbers, key=lambda name: [int(number) for number in numbers[name].groups()])
    criteria = [_criterion(files[name], name, facts) for name in names]
    parts = [part for each in criteria for part in each.parts]
    checks = {check.id: check for part in parts for check in part.checks}
    _unique("part", (part.id for part in parts))
    _unique("document", (need.id for part in parts for need in part.documents))
    _unique("check", [old.id for old in retired] + [check.id for part in parts for check in part.checks])
    by_id = {each.id: each for each in criteria}
    digest = hashlib.sha256(
        canonical.encode({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
    ).hexdigest()
    return Catalogue(versions.version, versions.msc_version, by_id, facts, checks, dict(files), digest)


def _facts(data: bytes) -> dict[str, FactType]:
    declared = schema.read(Mapping[_FactName, str], data, "facts.toml", "catalogue")
    facts = {}
    for name, text in declared.items():
        try:
            facts[name] = fact_types.parse(text)
        except ValueError as error:
            raise Place("facts.toml", "catalogue").error("wrong_type", f"{name}: {error}") from error
    return facts


def _unique(what: str, ids: Iterable[str]) -> None:
    twice = sorted(id_ for id_, times in Counter(ids).items() if times > 1)
    if twice:
        hint = "An id is never used twice, and never again after it was retired."
        raise InputError("catalogue_duplicate_id", f"{what} {twice[0]} is there more than once", hint)


def _criterion(data: bytes, file: str, facts: Mapping[str, FactType]) -> Criterion:
    one: Criterion = schema.read(Criterion, data, file, "catalogue")
    place = Place(file, "catalogue")
    if file != f"{one.id}.toml":
        raise place.error("wrong_value", f"holds criterion {one.id}", "A file is named for its criterion.")
    if one.conditional != bool(one.condition):
        raise place.error("wrong_value", "a conditional criterion, and no other, has a condition")
    if not one.parts:
        raise place.error("wrong_value", "has no parts, so nothing could ever show it")
    strays = [check for check in one.checks if check.part not in [part.id for part in one.parts]]
    if strays:
        raise place.error(
            "unknown_part", f"check {strays[0].id} belongs to {strays[0].part}, not in this file"
        )
    checks = tuple(_check(check, facts, place) for check in one.checks)
    parts = []
    for part in one.parts:
        own = tuple(check for check in checks if check.part == part.id)
        if not re.fullmatch(re.escape(one.id) + r"\.[a-z]", part.id):
            raise place.error("wrong_value", f"{part.id} is no part of it", f"Such as {one.id}.a.")
        if not own and not part.documents:
            hint = "Without check or document nothing could ever show it."
            raise place.error("empty_part", f"part {part.id} has nothing", hint)
        parts.append(replace(part, level=part.level or one.level, checks=own))
    return replace(one, parts=tuple(parts), checks=checks)


def _check(check: Check, facts: Mapping[str, FactType], place: Place) -> Check:
    place = place.at(f"check {check.id}")
    if not check.clauses:
        raise place.error("wrong_value", "has no clauses", "A check asks something.")
    for example in check.examples:
        for name in (*example.facts, *example.missing):
            _known(name, facts, place)
        for name, value in example.facts.items():
            if not facts[name].accepts(value):
                raise place.error("wrong_type", f"an example's {name} is not what facts.toml declares")
        if not set(example.missing.values()) <= {*REASONS}:
            raise place.error("wrong_value", "an example's reason", f"One of {', '.join(REASONS)}.")
    clauses, applies = (
        [_clause(each, facts, place) for each in some] for some in (check.clauses, check.applies_when)
    )
    return replace(check, clauses=tuple(clauses), applies_when=tuple(applies))


def _known(name: str, facts: Mapping[str, FactType], place: Place) -> FactType:
    if name not in facts:
        raise place.error("unknown_fact", f"no fact is named {name!r}", "facts.toml has them all.")
    return facts[name]


def _clause(one: Clause, facts: Mapping[str, FactType], place: Place) -> Clause:
    """The clause with its types, proven to fit what facts.toml declares."""
    place = place.at(f"clause on {one.fact}")
    type_ = _known(one.fact, facts, place)
    has_value = one.expected is not None or one.parameter is not None
    wrong: object
    if one.quantifier is None:
        wrong = one.operator is None or one.field or one.where or one.empty
        rule = "without a quantifier, a clause has an operator, and no field, where or empty"
    elif type_.kind != "records" and type_.element is None:
        wrong, rule = True, "a quantifier needs a list"
    elif one.operator is None:
        wrong = one.quantifier == "every" or one.field or has_value
        rule = "only some and none may go without operator, and then without field and expected value"
    else:
        wrong = (one.field is None) is (type_.kind == "records")
        rule = "an operator reads a field of records, and the elements of a plain list"
    if wrong:
        raise place.error("operator_misfit", rule, f"{one.fact} is {type_.kind}.")
    target = _field(one.field, type_, place) if one.field else type_
    target = FactType(type_.element) if one.quantifier and type_.element else target
    if one.operator:
        _fit(one.operator, target, one.expected, one.parameter, place)
    where = []
    for selector in one.where:
        selected = _field(selector.field, type_, place)
        _fit(selector.operator, selected, selector.expected, None, place)
        where.append(replace(selector, target=selected))
    bare = {"some": "fail", "none": "pass"}.get(one.quantifier or "", "unknown")
    empty = one.empty or ("unknown" if one.operator else bare)
    return replace(one, type=type_, target=target, where=tuple(where), empty=empty)


def _field(name: str, type_: FactType, place: Place) -> FactType:
    if name not in type_.fields:
        known = ", ".join(type_.fields) or "none, it holds no records"
        raise place.error("unknown_field", f"no field is named {name!r}", f"Known are: {known}.")
    return type_.fields[name]


def _fit(
    operator: str, target: FactType, expected: canonical.Json, parameter: str | None, place: Place
) -> None:
    """An operator must be able to read the type and to compare it with the expected value."""
    rule = OPERATORS.get(operator)
    if rule is None:
        raise place.error(
            "unknown_operator", f"no operator is named {operator!r}", f"Known are: {', '.join(OPERATORS)}."
        )
    if target.kind not in rule.kinds:
        raise place.error(
            "operator_misfit",
            f"{operator} does not read {target.kind}",
            f"It reads {', '.join(sorted(rule.kinds))}.",
        )
    fits = rule.fits(target.kind, expected)
    if parameter is None and not fits:
        raise place.error("wrong_type", f"{operator} cannot take {expected!r}", f"It takes {rule.wants}.")
    if parameter is not None and (fits or expected is not None):
        raise place.error("operator_misfit", "a parameter stands in place of an expected value")
