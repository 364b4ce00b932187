"""What people attest, from the statements that carry it."""

from datetime import timedelta
from typing import Any

import pytest

from config import attested
from config.attested import Document, Waiver
from tests.config.catalogues import MOMENT

DOCUMENT = {
    "id": "policy",
    "part": "4.8.a",
    "title": "Policy",
    "owner": "o",
    "approver": "a",
    "sha256": "0" * 64,
    "effective_on": "2026-01-01",
    "expires_on": "2026-11-24",
    "version": "1",
}
WAIVER: dict[str, Any] = {
    "id": "w-1",
    "check": "a.long-enough.v1",
    "scope": {"all": False, "hosts": ["host-1"]},
    "reason": "r",
    "approver": "a",
    "ends_at": "2026-12-01T00:00:00Z",
    "approved_at": "2026-11-01T00:00:00Z",
}


def waiver(**changes: Any) -> Waiver:
    """The waiver of a statement with some fields changed."""
    return Waiver.from_predicate(WAIVER | changes)


@pytest.mark.parametrize(
    ("effective_on", "expires_on", "status"),
    [
        ("2026-01-01", "2026-11-24", "met"),
        ("2026-11-24", "2026-11-24", "met"),
        ("2026-01-01", "2026-11-23", "stale"),
        ("2026-11-25", "2027-11-25", "no_evidence"),
    ],
)
def test_document(effective_on: str, expires_on: str, status: str) -> None:
    """A document is valid from its first day to its last, both included."""
    got = Document.from_predicate(DOCUMENT | {"effective_on": effective_on, "expires_on": expires_on})

    assert status == got.status(MOMENT)
    assert ("policy", "4.8.a") == (got.id, got.part)


def test_waiver_scope() -> None:
    """A waiver is for all, or for the hosts it names."""
    assert (True, False) == (waiver().covers("host-1"), waiver().covers("host-2"))
    assert waiver(scope={"all": True, "hosts": []}).covers("host-2")
    assert not waiver(scope={"all": False, "hosts": []}).covers("host-1")


@pytest.mark.parametrize(
    ("waivers", "expected"),
    [
        ([], {}),
        ([WAIVER], {"a.long-enough.v1": "w-1"}),
        ([WAIVER | {"ends_at": "2026-11-24T12:00:00Z"}], {}),
        ([WAIVER | {"ends_at": "2026-11-24T12:00:01Z"}], {"a.long-enough.v1": "w-1"}),
        ([WAIVER | {"approved_at": "2026-11-24T12:00:01Z"}], {}),
        ([WAIVER | {"id": "w-2"}, WAIVER], {"a.long-enough.v1": "w-1"}),
        ([WAIVER, WAIVER | {"check": "b.c.v1", "id": "w-0"}], {"a.long-enough.v1": "w-1", "b.c.v1": "w-0"}),
        # Ended early by a later statement of the same id.
        ([WAIVER, WAIVER | {"approved_at": "2026-11-20T00:00:00Z", "ends_at": "2026-11-20T00:00:00Z"}], {}),
        # Narrowed by a later statement.
        (
            [
                WAIVER,
                WAIVER | {"approved_at": "2026-11-20T00:00:00Z", "scope": {"all": False, "hosts": ["x"]}},
            ],
            {},
        ),
        # Prolonged by a later one, and by one that is yet to be approved.
        (
            [
                WAIVER | {"ends_at": "2026-11-02T00:00:00Z"},
                WAIVER | {"approved_at": "2026-11-03T00:00:00Z"},
                WAIVER | {"approved_at": "2027-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"},
            ],
            {"a.long-enough.v1": "w-1"},
        ),
        # Two of one second: the one that ends first.
        ([WAIVER, WAIVER | {"ends_at": "2026-11-02T00:00:00Z"}], {}),
    ],
)
def test_in_force(waivers: list[dict[str, Any]], expected: dict[str, str]) -> None:
    """What is in force does not depend on the order in which waivers are known."""
    known = [Waiver.from_predicate(one) for one in waivers]

    assert expected == attested.in_force(known, "host-1", MOMENT)
    assert expected == attested.in_force(known[::-1], "host-1", MOMENT)


def test_other_zone() -> None:
    """A waiver that ends today ends at one moment, whatever the zone."""
    last = waiver(ends_at="2026-11-24T12:00:01Z")

    assert attested.in_force([last], "host-1", MOMENT)
    assert not attested.in_force([last], "host-1", MOMENT + timedelta(seconds=1))
