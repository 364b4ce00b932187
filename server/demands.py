"""What a check asks, as words: each clause with its threshold and where that comes from."""

import sqlite3
from dataclasses import dataclass

from config import question
from config.criterion import Check, Clause
from config.errors import InputError
from config.profile import Profile
from server import adoption


@dataclass(frozen=True)
class Demand:
    """One clause of a check."""

    fact: str
    wanted: str
    origin: str
    """Of the threshold; empty where the criterion itself sets the value."""


@dataclass(frozen=True)
class CheckText:
    """What a check says apart from its answers."""

    check: Check
    criterion: str
    """The id of the criterion that it belongs to."""
    match: str
    where: tuple[Demand, ...]
    wants: tuple[Demand, ...]


def text(connection: sqlite3.Connection, check_id: str) -> CheckText:
    """Return what a check says under the profile in force; InputError ``not_found``."""
    rules = adoption.rules(connection)
    check = rules.catalogue.checks.get(check_id)
    if check is None:
        raise InputError("not_found", f"The catalogue has no check {check_id[:80]}.")
    return of_check(check, rules.profile)


def of_check(check: Check, profile: Profile) -> CheckText:
    """Return what a check says under a profile."""
    return CheckText(
        check,
        check.part.rpartition(".")[0],
        check.match,
        tuple(_demand(clause, profile) for clause in check.applies_when),
        tuple(_demand(clause, profile) for clause in check.clauses),
    )


def _demand(clause: Clause, profile: Profile) -> Demand:
    bound = question.bind(clause, profile)
    return Demand(clause.fact, bound.wanted, bound.origin)
