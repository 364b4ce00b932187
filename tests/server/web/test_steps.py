"""The sentence that says what to do next."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config import shipped, standing
from server.steps import lowered, next_step

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def stands(counts: dict[str, dict[str, int]], criterion: str = "4.8") -> standing.CriterionStanding:
    """A criterion's standing where all other checks pass on four hosts."""
    catalogue = shipped.catalogue()
    full = {check: counts.get(check, {"pass": 4}) for check in catalogue.checks}
    told = standing.roll_up(full, catalogue, (), MOMENT)
    return next(each for each in told.criteria if each.id == criterion)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (
            {"password.min-length.v1": {"fail": 3, "pass": 1}},
            "Fix 3 hosts so that a new password must be long enough, and short ones are refused",
        ),
        (
            {"accounts.no-empty-password.v1": {"fail": 1}},
            "Fix 1 host so that no local account has an empty password",
        ),
        (
            {"password.min-length.v1": {"unknown": 1, "pass": 3}},
            "Find out why 1 host can't show that a new password must be long enough, and short ones are refused",
        ),
        (
            {"password.min-length.v1": {"stale": 4}},
            "Get newer evidence from 4 hosts that a new password must be long enough",
        ),
        ({}, "Have 3 documents ready"),
    ],
)
def test_next_step(counts: dict[str, dict[str, int]], text: str) -> None:
    """What fails comes before what is unknown, before what is stale, before documents."""
    step = next_step(stands(counts), 4)
    assert step is not None
    assert step.text.startswith(text)


def test_worst_first() -> None:
    """What no host passes comes before what many fail."""
    counts = {"password.min-length.v1": {"fail": 3, "pass": 1}, "accounts.no-empty-password.v1": {"fail": 1}}
    step = next_step(stands(counts), 4)
    assert step is not None
    assert (step.check, step.counted_as, step.hosts) == ("accounts.no-empty-password.v1", "fail", 1)


def test_recommended_last() -> None:
    """What is only recommended comes after documents, and says so."""
    told = stands({"password.dictionary-check.v1": {"fail": 2, "pass": 2}})
    parts = tuple(replace(part, documents=()) for part in told.parts)
    wanting = [check for part in parts for check in part.checks if check.failed]
    step = next_step(replace(told, parts=parts), 4)
    if wanting:
        assert step is not None
        assert step.text.startswith("Recommended: fix 2 hosts")


def test_no_hosts() -> None:
    """Without hosts the first step is to enrol one, where a machine could answer at all."""
    step = next_step(stands({}), 0)
    assert step is not None
    assert step.text.startswith("Enrol a host")
    step = next_step(stands({}, "4.1"), 0)
    assert step is not None
    assert step.text.startswith("Have ")


def test_nothing_left() -> None:
    """A criterion that is met or does not apply asks for nothing."""
    told = stands({})
    assert next_step(replace(told, status="not_applicable"), 4) is None
    assert (
        next_step(replace(told, parts=tuple(replace(part, documents=()) for part in told.parts)), 4) is None
    )


def test_every_title_continues_a_sentence() -> None:
    """Names keep their capital, and "this host" becomes each where there are several."""
    assert lowered("SSH logins pass") == "SSH logins pass"
    assert lowered("A password alone") == "a password alone"
    for criterion in shipped.catalogue().criteria:
        checks = shipped.catalogue().criteria[criterion].checks
        for check in checks:
            step = next_step(stands({check.id: {"fail": 2, "pass": 2}}, criterion), 4)
            assert step is not None
            if step.check == check.id:
                assert "this host" not in step.text
                assert "  " not in step.text
                assert not step.text.endswith(".")
