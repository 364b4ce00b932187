"""Conditional access against a model: every sign-in is tried against every policy, as Microsoft describes it.

The reader reasons about policies, the model about single sign-ins of a small world: whoever holds one factor and a
compliant device knocks with every application, client, platform, place and risk. What the reader calls covered must
keep them all out, for generated sets of policies.
"""

import random
from itertools import product
from typing import Any, NamedTuple

import pytest

from collectors.readers.access_coverage import Members, Person, covered, everyone
from collectors.readers.conditional_access import CLIENTS, policy
from tests.collectors import test_conditional_access as good

SETS = 10_000
APPS = (good.APP, good.MAIL, "11111111-2222-3333-4444-555555555555")
SUITE = {"Office365": {good.MAIL}}
PEOPLE = {"u1": {"g1"}, "u2": {"g1", "g2"}, "u3": set[str]()}
MODERN, LEGACY = ["browser", "mobileAppsAndDesktopClients"], ["other", "exchangeActiveSync"]
BOTH = ["mfa", "compliantDevice"]
CHANGES: dict[str, tuple[Any, ...]] = {
    "state": ("enabled", "enabled", "enabled", "disabled", "enabledForReportingButNotEnforced"),
    "conditions__users__includeUsers": (["All"], ["All"], ["u1"], ["None"], []),
    "conditions__users__includeGroups": ([], [], ["g1"], ["g2"]),
    "conditions__users__excludeUsers": ([], [], [], ["u2"]),
    "conditions__users__excludeGroups": ([], [], [], ["g2"]),
    "conditions__applications__includeApplications": (
        ["All"],
        ["All"],
        ["All"],
        [APPS[0]],
        ["Office365"],
        [APPS[1]],
    ),
    "conditions__applications__excludeApplications": ([], [], [], [APPS[0]], ["Office365"], [APPS[1]]),
    "conditions__clientAppTypes": (["all"], ["all"], MODERN, LEGACY),
    "conditions__platforms": (None, None, None, {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}),
    "conditions__locations": (
        None,
        None,
        None,
        {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
    ),
    "conditions__signInRiskLevels": ([], [], [], ["high"]),
    "grantControls__operator": ("OR", "AND"),
    "grantControls__builtInControls": (["mfa"], ["mfa"], ["block"], ["compliantDevice"], BOTH, []),
}


class SignIn(NamedTuple):
    """One attempt."""

    user: str
    app: str
    client: str
    platform: str
    trusted: bool
    risk: str


def made(chance: random.Random) -> dict[str, Any]:
    return good.policy(**{key: chance.choice(values) for key, values in CHANGES.items()})


def about(one: dict[str, Any], attempt: SignIn) -> bool:
    """Whether a policy is about this attempt."""
    conditions, groups = one["conditions"], PEOPLE[attempt.user]
    users, apps = conditions["users"], conditions["applications"]

    def hit(names: list[str]) -> bool:
        return (
            "All" in names
            or attempt.app in names
            or any(attempt.app in SUITE.get(name, ()) for name in names)
        )

    included = {"All", attempt.user} & {*users["includeUsers"]} or groups & {*users["includeGroups"]}
    excluded = attempt.user in users["excludeUsers"] or groups & {*users["excludeGroups"]}
    return bool(
        included
        and not excluded
        and hit(apps["includeApplications"])
        and not hit(apps["excludeApplications"])
        and ({"all", attempt.client} & {*conditions["clientAppTypes"]})
        and (conditions["platforms"] is None or attempt.platform != "linux")
        and (conditions["locations"] is None or not attempt.trusted)
        and (not conditions["signInRiskLevels"] or attempt.risk in conditions["signInRiskLevels"])
    )


def keeps_out(one: dict[str, Any]) -> bool:
    """Whether somebody with one factor and a compliant device does not meet the grant controls."""
    controls = one["grantControls"]["builtInControls"]
    met = [control == "compliantDevice" for control in controls]
    together = all if one["grantControls"]["operator"] == "AND" else any
    return bool(controls) and not together(met)


def kept_out(policies: list[dict[str, Any]], user: str) -> bool:
    attempts = product([user], APPS, sorted(CLIENTS), ("windows", "linux"), (True, False), ("none", "high"))
    on = [one for one in policies if one["state"] == "enabled" and keeps_out(one)]
    return all(any(about(one, SignIn(*attempt)) for one in on) for attempt in attempts)


def test_covered_keeps_everybody_out(record_property: pytest.FixtureRequest) -> None:
    """No attempt of somebody covered gets through; and most who are kept out are called so."""
    chance = random.Random(4)
    persons = [Person(name, name, False) for name in PEOPLE]
    members = Members(
        {group: frozenset(one for one in PEOPLE if group in PEOPLE[one]) for group in ("g1", "g2")}
    )
    compared, yes, missed = 0, 0, 0
    for _ in range(SETS):
        told = [made(chance) for _ in range(chance.randint(1, 4))]
        read = [policy(one) for one in told]
        held = [
            covered(read, lambda p: p.second_factor or p.blocks, CLIENTS, one, members) for one in persons
        ]
        truth = [kept_out(told, one.id) for one in persons]
        for said, true in zip(held, truth, strict=True):
            compared += 1
            assert said is not None
            assert true or not said, told
            yes += said
            missed += true and not said
        if everyone(read, lambda p: p.second_factor or p.blocks, CLIENTS, lambda: (persons, members)):
            assert all(truth), told
    record_property("compared", compared)  # type: ignore[operator]
    assert yes > 300
    assert missed < yes / 10, "kept out by policies that only together leave nothing open"
