"""Which host is a directory's computer: sure, in doubt, silent or nobody, over all the ways in which names meet."""

from collections import Counter

import pytest

from server import covering
from server.covering import Named
from tests.server.twin import NOW

LATE, EARLY = "2026-11-24T08:00:00Z", "2026-11-10T08:00:00Z"


def host(name: str, state: str = "active", heard_at: str = LATE, is_observed: bool = False) -> Named:
    """A host of a name."""
    return Named(f"id-{name}", name, state, is_observed, heard_at)


@pytest.mark.parametrize(
    ("dns", "hosts", "meant", "answer"),
    [
        ("srv.corp.example", [host("SRV.corp.example.")], 1, "covered"),
        ("srv.corp.example", [host("srv")], 1, "covered"),
        ("", [host("srv.corp.example")], 1, "covered"),
        ("srv.corp.example", [], 1, "without_agent"),
        ("srv.corp.example", [host("srv.corp.example", "revoked")], 1, "without_agent"),
        # A fresh enrolment after a revocation is sure again.
        ("srv.corp.example", [host("srv.corp.example"), host("srv.corp.example", "revoked")], 1, "covered"),
        ("srv.corp.example", [host("srv.corp.example", "quarantined")], 1, "silent"),
        ("srv.corp.example", [host("srv.corp.example", heard_at="")], 1, "silent"),
        ("srv.corp.example", [host("srv.corp.example", heard_at=EARLY)], 1, "silent"),
        # Another domain, two computers of this short name, two agents of this name: in doubt, never covered.
        ("srv.corp.example", [host("srv.other.example")], 1, "in_doubt"),
        ("srv.corp.example", [host("srv.other.example"), host("srv")], 1, "in_doubt"),
        ("srv.corp.example", [host("srv")], 2, "in_doubt"),
        ("", [host("srv.corp.example")], 2, "in_doubt"),
        ("srv.corp.example", [host("srv"), host("srv")], 1, "in_doubt"),
        ("srv.corp.example", [host("srv.corp.example"), host("srv.corp.example")], 1, "in_doubt"),
        # The full name is sure whatever else has the short one.
        ("srv.corp.example", [host("srv.corp.example"), host("srv"), host("srv.b")], 2, "covered"),
        ("srv.corp.example", [host("srv.corp.example", is_observed=True)], 1, "observed"),
        ("srv.corp.example", [host("srv.corp.example", heard_at=EARLY, is_observed=True)], 1, "silent"),
        ("srv.corp.example", [host("srv.corp.example", is_observed=True)] * 2, 1, "observed"),
        # An agent of its own goes first, even where it is silent; a doubtful one does not hide a sure observation.
        ("srv.corp.example", [host("srv", is_observed=True), host("srv", heard_at=EARLY)], 1, "silent"),
        ("srv.corp.example", [host("srv.b"), host("srv.corp.example", is_observed=True)], 1, "observed"),
    ],
)
def test_answer(dns: str, hosts: list[Named], meant: int, answer: str) -> None:
    """Only one host that surely has the name and was heard of lately covers a computer."""
    told, why, found = covering.answer(dns, hosts, Counter(srv=meant), NOW)
    assert answer == told
    assert bool(why) == (answer != "covered" and bool(hosts))
    assert bool(found) == bool(hosts)
