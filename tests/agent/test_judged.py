"""A judged scan: what it takes for every must to pass, and the JSON of a scan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.judged import asked_facts, narrowed
from config import shipped
from config.errors import InputError
from tests.agent.judging import catalogue, exploited, judged

ALL: dict[str, bool | str] = {
    "sshd.installed": True,
    "sshd.running": True,
    "sshd.use_pam": True,
    "os.id": "debian",
}


@pytest.mark.parametrize(
    ("changes", "missing", "reading", "passes"),
    [
        ({}, {}, "text", True),
        ({"sshd.installed": False}, {}, "text", False),
        ({"sshd.running": False}, {}, "text", True),
        ({"sshd.use_pam": False}, {}, "text", True),
        ({"sshd.use_pam": False}, {}, "conference", False),
        ({}, {"sshd.installed": "permission_denied"}, "text", False),
        ({}, {"sshd.running": "permission_denied"}, "text", True),
        ({}, {"sshd.use_pam": "permission_denied"}, "conference", False),
    ],
)
def test_all_musts_pass(
    changes: dict[str, bool], missing: dict[str, str], reading: str, passes: bool
) -> None:
    """A failed must fails, an unknown one does too; shoulds and guidance do not; the reading of MFA decides."""
    facts = {name: value for name, value in {**ALL, **changes}.items() if name not in missing}
    assert passes == judged(facts, missing, reading).all_musts_pass


def test_to_dict() -> None:
    """Every fact with value or reason and its source, every verdict, the standing, and what decided them."""
    facts: dict[str, bool | str] = {"sshd.installed": True, "sshd.running": False}
    value: dict[str, Any] = json.loads(json.dumps(judged(facts, {"sshd.use_pam": "timeout"}).to_dict()))
    assert {"value": True, "sources": ["sshd -T"]} == value["facts"]["sshd.installed"]
    assert {"reason": "timeout", "sources": ["sshd -T"]} == value["facts"]["sshd.use_pam"]
    assert {
        "test.one.v1": "pass",
        "test.two.v1": "fail",
        "test.three.v1": "unknown",
        "test.four.v1": "unknown",
    } == {verdict["check"]: verdict["answer"] for verdict in value["verdicts"]}
    assert ["4.1", "4.4"] == [one["id"] for one in value["criteria"]]
    assert ("h-1", "2026-11-24T12:00:00Z", "text") == (
        value["subject"],
        value["observed_at"],
        value["mfa_reading"],
    )
    assert "nist" == value["profile"]["name"]
    assert {"cpu_ms": 1200, "wall_ms": 2300, "peak_rss_kib": 40000} == value["cost"]


def test_feeds() -> None:
    """The JSON has the facts that feeds add, with the feeds as sources, and each feed by date and digest."""
    value = json.loads(json.dumps(exploited().to_dict()))
    feed = shipped.feeds().kev
    assert feed
    assert {"published_at": feed.published_at, "digest": feed.digest} == value["feeds"]["kev"]
    assert {"kev", "eol"} == value["feeds"].keys()
    told = value["facts"]["updates.known_exploited"]
    assert ["CVE-2021-3156"] == [row["cve"] for row in told["value"]]
    assert feed.source == told["sources"][0]
    assert "2032-05-31" == value["facts"]["os.security_support_ends_on"]["value"]
    assert "not_found" == value["facts"]["feeds.osv_published_at"]["reason"]


def test_facts_behind_joined_ones() -> None:
    """Who asks for a joined fact asks for what it is joined from: a narrowed scan looks at it."""
    asked = asked_facts(narrowed(shipped.catalogue(), ["4.3"]))
    assert {"updates.pending_security", "os.id", "os.version", "os.support_ends_on"} <= asked


def test_narrowed() -> None:
    """One criterion alone: its checks, its facts, the digest of the whole."""
    whole = catalogue()
    one = narrowed(whole, ["4.4"])
    assert (["4.4"], ["test.four.v1"], {"os.id"}) == (
        list(one.criteria),
        list(one.checks),
        set(asked_facts(one)),
    )
    assert whole.digest == one.digest
    assert whole is narrowed(whole, [])
    with pytest.raises(InputError, match="criterion_unknown"):
        narrowed(whole, ["9.9"])
