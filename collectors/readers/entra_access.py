"""What Entra's conditional access comes to for a whole tenant: policies and people joined, one answer each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from collectors.door import Unseen
from collectors.door_tenant import Record, Tenant
from collectors.findings import Json, Seen
from collectors.readers import access_coverage, conditional_access, entra_people
from collectors.readers.access_coverage import Members, Person, Wanted
from collectors.readers.access_gaps import gaps
from collectors.readers.conditional_access import CLIENTS, LEGACY, MODERN, Policy
from collectors.readers.shapes import flag, text

POLICIES: Final = "identity/conditionalAccess/policies"
DEFAULTS: Final = "policies/identitySecurityDefaultsEnforcementPolicy"
REGISTERED: Final = "reports/authenticationMethods/userRegistrationDetails"


def security_defaults(door: Tenant) -> Seen:
    """Whether Microsoft's security defaults are on."""
    on = flag(door.get(DEFAULTS), "isEnabled")
    if on is None:
        raise Unseen("malformed", DEFAULTS, "isEnabled is not told")
    return Seen(on, DEFAULTS)


def second_factor_demanded(door: Tenant) -> Seen:
    """Of everybody, by every kind of client, for every application."""
    return _everyone(door, _second_factor, CLIENTS)


def company_device_demanded(door: Tenant) -> Seen:
    """The same of a device that is compliant or joined to the domain."""
    return _everyone(door, lambda one: one.company_device or one.blocks, MODERN)


def device_code_blocked(door: Tenant) -> Seen:
    """Nobody gets in by the device code flow."""
    return _everyone(door, lambda one: one.blocks_device_code, MODERN)


def legacy_blocked(door: Tenant) -> Seen:
    """Nobody gets in by protocols that know no second factor."""
    defaults = security_defaults(door)
    return defaults if defaults.value is True else _everyone(door, lambda one: one.blocks, LEGACY)


def administrators_resistant(door: Tenant) -> Seen:
    """Every Global Administrator needs a factor that cannot be phished."""
    policies, found = _policies(door), entra_people.administrators(door)
    persons, members = _people(door, policies)
    who = [one for one in persons if one.id in found]
    answers = [
        access_coverage.covered(policies, lambda p: p.phishing_resistant or p.blocks, MODERN, one, members)
        for one in who
    ]
    if False not in answers and (None in answers or not who):
        raise _unreadable()
    return Seen(False not in answers, POLICIES, entra_people.ASSIGNED)


def demand_gaps(door: Tenant) -> Seen:
    """Why a second factor is not demanded of everybody; none where it is."""
    if second_factor_demanded(door).value is True:
        return Seen([], POLICIES)

    def names() -> Mapping[str, str]:
        return {one.id: one.name for one in entra_people.persons(door)}

    defaults, policies = security_defaults(door).value is True, _policies(door)
    in_force = [one for one in policies if one.in_force and _second_factor(one)]
    legacy_open = not defaults and not access_coverage.leaves_nothing(in_force, LEGACY)
    return Seen(gaps(policies, defaults, legacy_open, names), POLICIES, DEFAULTS)


def users(door: Tenant) -> Seen:
    """Each user: what is demanded, and what is registered."""
    policies = _policies(door)
    persons, members = _people(door, policies)
    details = {text(one, "id"): one for one in door.pages(REGISTERED)}
    found: list[Json] = []
    for one in persons:
        told = details.get(one.id, {})
        demanded = access_coverage.covered(policies, _second_factor, CLIENTS, one, members)
        found.append(
            {
                "name": one.name,
                "administrator": flag(told, "isAdmin"),
                "demanded": demanded,
                "registered": _registered(told),
            }
        )
    return Seen(found, POLICIES, entra_people.USERS, REGISTERED)


def _registered(told: Record) -> bool | None:
    """Registered, and by a method that the tenant allows: another opens nothing."""
    answers = (flag(told, "isMfaRegistered"), flag(told, "isMfaCapable"))
    return False if False in answers else None if None in answers else True


def _policies(door: Tenant) -> list[Policy]:
    return [conditional_access.policy(one) for one in door.pages(POLICIES)]


def _second_factor(one: Policy) -> bool:
    return one.second_factor or one.blocks


def _people(door: Tenant, policies: Iterable[Policy]) -> tuple[list[Person], Members]:
    return entra_people.persons(door), entra_people.members(door, [one for one in policies if one.in_force])


def _everyone(door: Tenant, wanted: Wanted, clients: Iterable[str]) -> Seen:
    policies = _policies(door)
    held = access_coverage.everyone(policies, wanted, clients, lambda: _people(door, policies))
    if held is None:
        raise _unreadable()
    return Seen(held, POLICIES)


def _unreadable() -> Unseen:
    return Unseen("permission_denied", POLICIES, "a group or role that a policy names may not be read")
