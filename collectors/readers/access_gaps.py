"""Why a tenant's policies do not demand a second factor of everybody: said policy by policy, with names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from collectors.findings import Json
from collectors.readers.conditional_access import MODERN, People, Policy

_STATES: Final = {"enabledForReportingButNotEnforced": "only reports", "disabled": "disabled"}
_SECOND: Final = ("mfa", "multi-factor strength", "phishing-resistant strength")


def gaps(
    policies: Sequence[Policy],
    security_defaults: bool,
    legacy_open: bool,
    names: Callable[[], Mapping[str, str]],
) -> list[Json]:
    """Every gap; `names` gives users' names by id and is asked only if somebody is excluded."""
    found: list[Json] = []
    about = [one for one in policies if any(control in _SECOND for control in one.controls)]
    if not any(one.in_force and one.second_factor and "All" in one.included.users for one in about):
        found.append(_gap("no policy", "none that is in force demands a second factor of all users"))
    if security_defaults:
        found.append(_gap("security defaults", "users are asked only when Microsoft deems it necessary"))
    if legacy_open:
        found.append(_gap("legacy protocols", "protocols that know no second factor are not blocked"))
    for one in about:
        found += [_gap(kind, name, one.name) for kind, name in _of(one, names)]
    return found


def _gap(kind: str, name: str, policy: str | None = None) -> Json:
    return {"kind": kind, "name": name, "policy": policy}


def _of(one: Policy, names: Callable[[], Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    if one.state != "enabled":
        yield "not in force", _STATES.get(one.state, "in a state that is not known")
        return
    yield from (("narrowed", why) for why in one.narrowed)
    yield from (("narrowed", f"only the flow {flow}") for flow in sorted(one.flows))
    if not one.second_factor:
        yield from (("alternative", control) for control in one.controls if control not in _SECOND)
    if "All" not in one.applications:
        yield "narrowed", "only some applications"
    yield from (("excluded application", each) for each in sorted(one.excluded_applications))
    if not one.clients >= MODERN:
        yield "narrowed", "only some kinds of clients"
    if one.excluded.anybody:
        yield from _excluded(one.excluded, names())


def _excluded(people: People, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from (("excluded user", names.get(each, each)) for each in sorted(people.users - {"None"}))
    yield from (("excluded group", each) for each in sorted(people.groups))
    yield from (("excluded role", each) for each in sorted(people.roles))
    if people.guests:
        yield "excluded guests", "some kinds of guests"
