"""The catalogue's own examples are its tests: each is judged, none is written by hand here."""

import tomllib

import pytest

from config import evaluate, fact_types, shipped
from config.criterion import Check, Example
from tests.config.catalogues import MOMENT, seen

DISTRIBUTIONS = ("Debian", "RHEL family", "SUSE")
CHECKS = shipped.catalogue().checks
EXAMPLES = [
    pytest.param(check, example, id=f"{check.id}-{number}-{example.verdict}")
    for check in CHECKS.values()
    for number, example in enumerate(check.examples, 1)
]


@pytest.mark.parametrize(("check", "example"), EXAMPLES)
def test_example(check: Check, example: Example) -> None:
    """The example's facts give the example's verdict."""
    verdicts = evaluate.judge(
        seen(example.facts, example.missing), shipped.catalogue(), shipped.profile(example.profile), MOMENT
    )
    got = next(verdict for verdict in verdicts if verdict.check == check.id)

    assert example.verdict == got.answer, f"{example.why}: {got.reason}: {got.detail}"


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_answers(check: Check) -> None:
    """Every check shows how it passes, fails and is unknown, and where it can, how it does not apply."""
    expected = {"pass", "fail", "unknown"} | ({"not_applicable"} if check.applies_when else set())

    assert expected == {example.verdict for example in check.examples}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_examples_are_about_the_check(check: Check) -> None:
    """An example gives or misses at least one fact that the check asks."""
    asked = {clause.fact for clause in (*check.clauses, *check.applies_when)}

    assert [] == [one for one in check.examples if not asked & {*one.facts, *one.missing}]


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_remediation(check: Check) -> None:
    """Every check says why it is asked, how to fix it on each platform, and what a careless fix breaks."""
    assert check.rationale.strip()
    assert set(check.asks) == check.remediation.keys() == check.caution.keys()
    if "linux" in check.asks:
        remedy = check.remediation["linux"]
        assert "All distributions" in remedy or all(name in remedy for name in DISTRIBUTIONS), remedy
    assert [] == [platform for platform, caution in check.caution.items() if len(caution.split()) <= 3]


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_traps(check: Check) -> None:
    """Every check shows what is there and yet disabled, narrowed or bypassed, and none passes for it alone."""
    assert any(example.trap for example in check.examples if example.verdict != "pass")


def test_parts() -> None:
    """Every part can be shown by a check or a document."""
    parts = [part for one in shipped.catalogue().criteria.values() for part in one.parts]

    assert [] == [part.id for part in parts if not part.checks and not part.documents]


def test_vocabulary() -> None:
    """facts.toml is sorted, and every line of it is a type."""
    declared = tomllib.loads(shipped.catalogue_files()["facts.toml"].decode())

    assert sorted(declared) == list(declared)
    assert shipped.catalogue().facts == {name: fact_types.parse(text) for name, text in declared.items()}


def test_titles() -> None:
    """A title is one sentence that can be true or false, and no two checks have the same."""
    titles = [check.title for check in CHECKS.values()]

    assert len(titles) == len(set(titles))
    assert [] == [
        title for title in titles if title.endswith((".", "?")) or "\n" in title or len(title) > 120
    ]
