"""Damage to a provider's answers never improves a verdict, and no shape of an answer breaks a collector."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from collectors import discover
from collectors.door import Unseen
from collectors.findings import Findings
from collectors.look import look_with
from config import shipped
from config.evaluate import Evidence, judge
from tests.collectors.cases import Case, cases, door
from tests.collectors.damage import improved
from tests.collectors.twin_tenant import TenantTwin

PLATFORMS = ("entra", "google", "okta")
COLLECTORS = [name for platform in PLATFORMS for name in discover(platform)]
REASONS = (
    "permission_denied",
    "timeout",
    "malformed",
    "too_large",
    "budget_spent",
    "not_found",
    "unsupported",
)
SHAPES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    "",
    "All",
    "enabled",
    [],
    ["All"],
    [None],
    {},
    {"x": [1]},
)
ROUNDS = 60


def answers(name: str, found: Findings, case: Case) -> dict[str, str]:
    platform = case.data["platform"]
    moment = door(case).now
    evidence = Evidence("tenant", platform, found.facts, found.missing, found.sources, moment)
    return {one.check: one.answer for one in judge(evidence, shipped.catalogue(), shipped.profile(), moment)}


def look(name: str, tenant: TenantTwin) -> Findings:
    platform = tenant.platform
    found, _ = look_with(discover(platform)[name], tenant)
    return found


def unseeable(tenant: TenantTwin) -> Iterator[tuple[str, TenantTwin]]:
    """Each answer taken away, for each reason."""
    for reason in REASONS:
        for path, text in [*tenant.listings.items(), *tenant.objects.items()]:
            if not text.startswith("!"):
                yield path, with_text(tenant, path, f"!{reason}")


def with_text(tenant: TenantTwin, path: str, text: str) -> TenantTwin:
    """The tenant with another answer."""
    if path in tenant.listings:
        return replace(tenant, cache={}, listings={**tenant.listings, path: text})
    return replace(tenant, cache={}, objects={**tenant.objects, path: text})


@pytest.mark.parametrize("name", COLLECTORS)
def test_what_is_not_seen_improves_nothing(name: str, record_property: pytest.FixtureRequest) -> None:
    """No failure and no unknown becomes a pass because an answer is missing."""
    better, count = [], 0
    for case in cases(name):
        tenant = door(case)
        assert isinstance(tenant, TenantTwin)
        before = answers(name, look(name, tenant), case)
        for path, damaged in unseeable(tenant):
            count += 1
            after = answers(name, look(name, damaged), case)
            better += [f"{case.name}: {path}: {one}" for one in improved(before, after).values()]
    record_property("compared", count)  # type: ignore[operator]
    assert not better


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within JSON."""
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*at, key))


def changed(value: Any, at: tuple[Any, ...], other: Any) -> Any:
    """The JSON with another value in one place."""
    whole = copy.deepcopy([value])
    inner: Any = whole
    keys = (0, *at)
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = other
    return whole[0]


@pytest.mark.parametrize("name", COLLECTORS)
def test_no_shape_breaks_it(name: str) -> None:
    """Whatever stands in an answer's place, facts keep their types and nothing but `Unseen` is raised."""
    chance = random.Random(4)  # the same damage in every run
    for case in cases(name):
        tenant = door(case)
        assert isinstance(tenant, TenantTwin)
        for _ in range(ROUNDS):
            texts = {**tenant.listings, **tenant.objects}
            path = chance.choice(sorted(path for path in texts if not texts[path].startswith("!")) or [""])
            value = json.loads(texts.get(path, "[]"))
            within = [one for one in places(value) if len(one) > (1 if isinstance(value, list) else 0)]
            if not within:
                continue
            at = chance.choice(within)
            damaged = with_text(tenant, path, json.dumps(changed(value, at, chance.choice(SHAPES))))
            findings = discover(tenant.platform)[name].collect(damaged)
            assert [] == findings.close(discover(tenant.platform)[name].facts), (case.name, path, at)


def test_the_twin_polices() -> None:
    """A path that a case does not name may not be asked."""
    with pytest.raises(Unseen, match="permission_denied"):
        TenantTwin("entra", {}, {}).pages("users")
