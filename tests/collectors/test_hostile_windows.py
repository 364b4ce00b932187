"""Damage never improves a verdict, on Windows: what is denied, late, strange or empty turns no failure into a pass.

Every registry key, service, class and answer of every case is damaged in every way, one at a time; so are keys and
services that the collector asked for and that are not there.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest

from collectors import discover
from collectors.door import REASONS
from collectors.look import look_with
from config import shipped
from config.evaluate import Evidence, judge
from tests.collectors.cases import cases
from tests.collectors.damage import improved
from tests.collectors.twin import MOMENT
from tests.collectors.twin_windows import TwinWindows, twin

COLLECTORS = sorted(discover("windows"))
UNSEEABLE = ("!permission_denied", "!timeout", "!malformed", "!budget_spent")
TABLES = ("registry", "services", "cim", "asked")
STRANGE = {"registry": {"Start": b"\0", "": ""}, "cim": [{}], "services": "stopped disabled"}
"""Answers that could be true, or that say nothing: they must break nothing, whatever the verdict."""

EXCEPT = {
    # The firewall is then seen to be off, which fails by itself, and nothing of it could persist.
    "firewall.persisted.v1",
}


@dataclass
class Watched(TwinWindows):
    """A machine that notes which keys and services it was asked for."""

    keys: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def values(self, key: str) -> Any:
        """The values of a key."""
        self.keys.append(key)
        return super().values(key)

    def service(self, name: str) -> Any:
        """A service."""
        self.names.append(name)
        return super().service(name)


def damaged(data: dict[str, Any], subject: str) -> Iterator[tuple[str, TwinWindows, bool]]:
    """Each damage with its name, and whether what was there can be seen no more, rather than says else."""
    whole = {table: data.get(table, {}) for table in TABLES}
    watched = Watched(*(whole[table] for table in TABLES))
    look_with(discover("windows")[subject], watched)
    wanted = {
        "registry": dict.fromkeys([*whole["registry"], *watched.keys]),
        "services": dict.fromkeys([*whole["services"], *watched.names]),
        "cim": dict.fromkeys(whole["cim"]),
        "asked": dict.fromkeys(whole["asked"]),
    }
    for table, names in wanted.items():
        for name in names:
            ways: list[Any] = [*UNSEEABLE, *([[]] if table == "cim" else [])]
            for way in [*ways, *([STRANGE[table]] if table in STRANGE else [])]:
                broken = deepcopy(whole)
                broken[table] = {
                    one: told for one, told in broken[table].items() if one.lower() != name.lower()
                } | {name: way}
                yield f"{table} {name}: {way!r}", twin(broken), way in ways


def answers(found: Any) -> dict[str, str]:
    """The verdicts of all checks that ask Windows."""
    evidence = Evidence("host", "windows", found.facts, found.missing, found.sources, MOMENT)
    return {one.check: one.answer for one in judge(evidence, shipped.catalogue(), shipped.profile(), MOMENT)}


@pytest.mark.no_cover
@pytest.mark.parametrize("subject", COLLECTORS)
def test_damage_never_improves_a_verdict(subject: str, record_property: pytest.FixtureRequest) -> None:
    """No failure and no unknown becomes a pass or an exemption, and nothing raises."""
    collector = discover("windows")[subject]
    better, count = [], 0
    for case in cases(subject):
        before = answers(look_with(collector, twin(case.data))[0])
        for name, host, strict in damaged(case.data, subject):
            count += 1
            found, _ = look_with(collector, host)
            assert {*found.facts, *found.missing} == set(collector.facts)
            assert set(found.missing.values()) <= set(REASONS)
            told = improved(before, answers(found)) if strict else {}
            better += [f"{case.name}: {name}: {one}" for check, one in told.items() if check not in EXCEPT]
    record_property("compared", count)  # type: ignore[operator]
    assert not better, "\n".join(better)
