"""A criterion explained."""

import pytest

from config import explain, shipped
from config.errors import InputError
from tests.config.catalogues import catalogue, check, profile

CHECKS = [
    check(
        match="any",
        applies_when=[{"fact": "a.on", "operator": "equals", "expected": True}],
        clauses=[
            {"fact": "a.count", "operator": "at_least", "parameter": "count_min"},
            {"fact": "a.names", "operator": "is_empty"},
        ],
        remediation={"linux": "Do this:\n  chage -M 365 NAME\nand look."},
        caution={"linux": "It expires at once."},
        level="guidance",
        mfa=True,
    ),
    check(id="a.plain.v1", references={}),
]
EXPECTED = """\
4.8 Accounts [must]

Accounts are individual.
Conditional: only if people log in.

Guidance: Long ones.

Functions: protect. CBP's own text: https://example.org/
Thresholds: profile small (Small). MFA read as: conference.

4.8.a Part a [must]
  Do it.
    Document  Policy; renewed every 365 days (policy)

  [must] It is long enough
    a.long-enough.v1
    Where     a.on: yes
    Wants     a.count: at least 15 (a standard)
    or        a.names: none
    Why       Short is bad.
    On linux  Do this:
                chage -M 365 NAME
              and look.
    Careful   It expires at once.
    See       NIST CSF 2.0 PR.AA-01; NIST SP 800-53 IA-5(1)

  [must] It is long enough
    a.plain.v1
    Wants     a.count: at least 15 (a standard)
    Why       Short is bad.
    On linux  make it longer
"""


def test_explain() -> None:
    """Everything about a criterion is there: demand, documents, checks, thresholds with origin, fixes."""
    small = catalogue(*CHECKS, conditional=True, condition="only if people log in")

    assert EXPECTED == explain.explain(small, profile(), "4.8", "conference")


def test_levels() -> None:
    """The text's reading leaves MFA as guidance; all clauses of a check are joined by `and`."""
    clauses = [{"fact": "a.on", "operator": "equals", "expected": True}] * 2
    small = catalogue(check(level="guidance", mfa=True, clauses=clauses), guidance="-")
    got = explain.explain(small, profile(), "4.8")

    assert "  [guidance] It is long enough\n" in got
    assert "    and       a.on: yes\n" in got


def test_no_guidance() -> None:
    """Where CBP gives no guidance, there is no such paragraph."""
    small = catalogue()
    bare = {one: text for one, text in vars(small.criteria["4.8"]).items() if one != "guidance"}
    criterion = type(small.criteria["4.8"])(**bare)
    small = type(small)(**(vars(small) | {"criteria": {"4.8": criterion}}))

    assert "Guidance" not in explain.explain(small, profile(), "4.8")


@pytest.mark.parametrize("criterion_id", [f"4.{n}" for n in range(1, 14)])
def test_shipped(criterion_id: str) -> None:
    """Each shipped criterion fits a terminal, names each part and check, and says whose number it is."""
    one = shipped.catalogue().criteria[criterion_id]
    got = explain.explain(shipped.catalogue(), shipped.profile(), criterion_id)

    assert [] == [line for line in got.splitlines() if len(line) > explain.WIDTH and " " in line.strip()]
    assert [] == [part.id for part in one.parts if f"\n{part.id} " not in got]
    assert [] == [check.id for check in one.checks if f"\n    {check.id}\n" not in got]
    assert got.endswith("\n")
    assert one.link in got


def test_unknown() -> None:
    """Another id is refused, and the hint has those that exist."""
    with pytest.raises(InputError) as caught:
        explain.explain(catalogue(), profile(), "4.99")

    assert ("criterion_unknown", "There are: 4.8.") == (caught.value.code, caught.value.hint)
