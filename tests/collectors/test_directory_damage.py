"""Directories leave out what may not be read: wherever that can be told, no verdict gets better by it.

Of every case of every collector, each attribute that such an entry always has is taken away, one at a time, and
each search is refused.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from collectors import Collector, discover
from collectors.findings import Findings
from collectors.look import look_with
from config import shipped
from config.evaluate import Evidence, judge
from tests.collectors import twin_directory
from tests.collectors.cases import Case, cases
from tests.collectors.damage import improved
from tests.collectors.twin import MOMENT
from tests.collectors.twin_directory import Twin

COLLECTORS = [*discover("ad").values(), *discover("openldap").values()]
ALWAYS = frozenset(
    "objectsid samaccountname useraccountcontrol primarygroupid grouptype minpwdlength pwdhistorylength pwdproperties"
    " lockoutthreshold lockoutduration lockoutobservationwindow maxpwdage minpwdage ms-ds-machineaccountquota"
    " ntsecuritydescriptor cn objectguid pwdattribute pwdlastset whencreated olcsuffix"
    " msds-passwordsettingsprecedence msds-minimumpasswordlength msds-passwordhistorylength msds-lockoutthreshold"
    " msds-maximumpasswordage msds-minimumpasswordage msds-lockoutobservationwindow msds-lockoutduration"
    " msds-passwordcomplexityenabled msds-passwordreversibleencryptionenabled".split()
)

WHOLE_CASES = 8
"""Of those that follow a quarter of the damage is tried: they differ in little."""


def attempts(case: Case) -> Iterator[tuple[str, Twin]]:
    """The case's directory with one thing that may not be read."""
    whole = twin_directory.twin(case.data)
    for key, one in whole.entries.items():
        for name in ALWAYS & one.attributes.keys():
            left = {other: value for other, value in one.attributes.items() if other != name}
            entries = {**whole.entries, key: one._replace(attributes=left)}
            yield f"{name} of {one.dn}", replace(whole, cache={}, entries=entries)
        yield (
            f"search {one.dn}",
            replace(whole, cache={}, unseen={**whole.unseen, one.dn: "permission_denied"}),
        )


def answers(collector: Collector, found: Findings) -> dict[str, str]:
    """The verdicts on what was found."""
    evidence = Evidence("d", collector.platform, found.facts, found.missing, found.sources, MOMENT)
    return {one.check: one.answer for one in judge(evidence, shipped.catalogue(), shipped.profile(), MOMENT)}


@pytest.mark.no_cover  # counting its lines doubles its time
@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda one: one.name)
def test_damage_never_improves_a_verdict(collector: Collector, record_property: Any) -> None:
    """No failure and no unknown becomes a pass or an exemption, and nothing raises."""
    better, count = [], 0
    chance = random.Random(collector.name)
    for number, case in enumerate(cases(collector.name)):
        before = answers(collector, look_with(collector, twin_directory.twin(case.data))[0])
        for name, door in attempts(case):
            if number >= WHOLE_CASES and chance.random() > 1 / 4:
                continue
            count += 1
            after = answers(collector, look_with(collector, door)[0])
            better += [f"{case.name}: {name}: {one}" for one in improved(before, after).values()]
    record_property("compared", count)
    assert count > 20
    assert not better, "\n".join(better)
