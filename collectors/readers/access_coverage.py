"""Whom a tenant's conditional access really covers: policies joined with groups, roles and exclusions, in three values.

Policies add up: each that is about a sign-in must be met. So somebody is covered if for every kind of client some
policies in force, taken together, leave no application out. What cannot be known (a group that may not be read)
is neither covered nor a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from collectors.readers.conditional_access import People, Policy

Wanted = Callable[[Policy], bool]


@dataclass(frozen=True)
class Person:
    """A user of the tenant who may sign in."""

    id: str
    name: str
    guest: bool


@dataclass(frozen=True)
class Members:
    """Who is in a group or role, by its id; None where it may not be read.

    `roles` are those who surely hold it where policies look: for the whole tenant, not within an administrative unit.
    `may_hold` are all who hold it anywhere, or may take it up: whom an exclusion may let out.
    """

    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    roles: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    may_hold: Mapping[str, frozenset[str] | None] = field(default_factory=dict)


def covered(
    policies: Sequence[Policy], wanted: Wanted, clients: Iterable[str], person: Person, members: Members
) -> bool | None:
    """Whether every sign-in of this person by these clients meets what is wanted."""
    about = [(one, applies(one, person, members)) for one in policies if one.in_force and wanted(one)]
    if leaves_nothing([one for one, holds in about if holds], clients):
        return True
    return None if leaves_nothing([one for one, holds in about if holds is not False], clients) else False


def leaves_nothing(policies: Sequence[Policy], clients: Iterable[str]) -> bool:
    """Whether these policies together reach every application by each of these clients."""
    return all(_all_applications([one for one in policies if client in one.clients]) for client in clients)


def _all_applications(policies: Sequence[Policy]) -> bool:
    return any(
        all(any(other.covers(left) for other in policies) for left in one.excluded_applications)
        for one in policies
        if "All" in one.applications
    )


def everyone(
    policies: Sequence[Policy],
    wanted: Wanted,
    clients: Iterable[str],
    people: Callable[[], tuple[Iterable[Person], Members]],
) -> bool | None:
    """Whether it holds for all who are there and all who will come; people are asked for only if they decide."""
    for_all = [one for one in policies if one.in_force and wanted(one) and "All" in one.included.users]
    if not leaves_nothing(for_all, clients):
        return False
    if leaves_nothing([one for one in for_all if not one.excluded.anybody], clients):
        return True
    persons, members = people()
    answers = {covered(policies, wanted, clients, one, members) for one in persons}
    return False if False in answers else None if None in answers else True


def applies(policy: Policy, person: Person, members: Members) -> bool | None:
    """Whether the policy is about this person."""
    included = _named(policy.included, person, members, members.roles)
    excluded = _named(policy.excluded, person, members, members.may_hold)
    if included is False or excluded is True:
        return False
    return None if included is None or excluded is None else True


def _named(
    people: People, person: Person, members: Members, roles: Mapping[str, frozenset[str] | None]
) -> bool | None:
    guests = person.guest and "GuestsOrExternalUsers" in people.users
    if "All" in people.users or person.id in people.users or guests:
        return True
    answers = [_within(members.groups.get(one), person) for one in people.groups]
    answers += [_within(roles.get(one), person) for one in people.roles]
    if person.guest and people.guests:
        answers.append(None)
    return True if True in answers else None if None in answers else False


def _within(ids: frozenset[str] | None, person: Person) -> bool | None:
    return None if ids is None else person.id in ids
