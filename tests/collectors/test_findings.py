"""Findings: every declared fact ends as a value of its type or as a reason, and nothing else gets through."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from collectors.door import Unseen
from collectors.findings import Fact, Findings, Seen, day, fits, rfc3339
from tests.collectors.cases import run
from tests.collectors.twin import Node, Twin

RECORDS = "records{name: str, size: int?, on: date?}"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bool", True),
        ("int", -1),
        ("int", 2**53 - 1),
        ("str", ""),
        ("time", "2026-11-24T12:00:00Z"),
        ("date", "2024-02-29"),
        ("list[str]", []),
        ("list[str]", ["a"]),
        ("list[int]", [1]),
        (RECORDS, []),
        (RECORDS, [{"name": "a", "size": None, "on": "2026-01-31"}]),
    ],
)
def test_value_of_its_type(kind: str, value: Any) -> None:
    assert fits(value, kind)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bool", 1),
        ("int", True),
        ("int", 2**53),
        ("int", 1.0),
        ("int", None),
        ("str", None),
        ("str", b"a"),
        ("time", "2026-11-24T12:00:00+01:00"),
        ("time", "2026-11-24T12:00:00.5Z"),
        ("time", "2026-02-30T12:00:00Z"),
        ("date", "2026-2-3"),
        ("date", "2026-02-30"),
        ("list[str]", ("a",)),
        ("list[str]", [1]),
        ("list[int]", [True]),
        (RECORDS, {}),
        (RECORDS, [{"name": "a", "size": 1}]),
        (RECORDS, [{"name": None, "size": 1, "on": None}]),
        (RECORDS, [{"name": "a", "size": 1, "on": None, "more": 1}]),
    ],
)
def test_value_of_another_type(kind: str, value: Any) -> None:
    assert not fits(value, kind)


def test_type_that_is_none() -> None:
    with pytest.raises(ValueError, match="no such type"):
        fits("a", "float")


def test_close_fills_and_refuses() -> None:
    """Untouched is not_collected, a wrong type is malformed, what nobody declared is dropped."""
    declared = {"a.x": Fact("int", "x"), "a.y": Fact("int", "y"), "a.z": Fact("str", "z")}
    findings = Findings()
    findings.fact("a.x", "no number", "/etc/x")
    findings.fact("a.other", 1, "/etc/x")
    assert {"a.x", "a.other"} == set(findings.close(declared))
    assert {"a.x": "malformed", "a.y": "not_collected", "a.z": "not_collected"} == findings.missing
    assert ("failed", "malformed") == (findings.outcome, findings.reason)
    assert {} == findings.facts


def test_look_keeps_value_or_reason() -> None:
    def unreadable() -> Seen:
        raise Unseen("permission_denied", "/etc/shadow")

    findings = Findings()
    findings.look("a.x", lambda number: Seen(number, "/etc/x:1", "/etc/x:1", ""), 3)
    findings.look("a.y", unreadable)
    findings.look("a.z", lambda: "plain")
    assert {"a.x": 3, "a.z": "plain"} == findings.facts
    assert {"a.y": "permission_denied"} == findings.missing
    assert {"a.x": ("/etc/x:1",), "a.y": ("/etc/shadow",), "a.z": ()} == findings.sources
    findings.fact("a.y", 1)
    findings.unseen("a.x", "timeout", "tool")
    assert ({"a.y": 1, "a.z": "plain"}, {"a.x": "timeout"}) == (findings.facts, findings.missing)
    with pytest.raises(ValueError, match="no such reason"):
        findings.unseen("a.x", "because")


def test_absent_subject_is_not_applicable() -> None:
    findings = Findings()
    findings.not_applicable("no desktop is installed")
    findings.close({"a.x": Fact("int", "x")})
    assert ("not_applicable", {"a.x": "not_found"}) == (findings.outcome, findings.missing)


def test_bytes_that_are_no_text_cannot_break_a_section() -> None:
    """Names of files may carry any bytes; JSON cannot, so they become U+FFFD."""
    findings = Findings()
    findings.fact("a.x", ["a\udcff"], "/etc")
    findings.close({"a.x": Fact("list[str]", "x")})
    assert ["a\ufffd"] == findings.facts["a.x"]


def test_times_and_days() -> None:
    east = timezone(timedelta(hours=9))
    assert "2026-11-24T03:00:00Z" == rfc3339(datetime(2026, 11, 24, 12, 0, 0, 999, tzinfo=east))
    assert "1970-01-01T00:00:00Z" == rfc3339(datetime(1970, 1, 1, tzinfo=UTC))
    assert ("1970-01-02", None, None) == (day(1), day(10**9), day(10**18))


def test_fifty_thousand_users() -> None:
    """The lists that stay small are told; the one that would fill the section is too_large, not cut short."""
    names = [f"user{number}" for number in range(50_000)]
    text = "root:x:0:0::/root:/bin/sh\n" + "".join(
        f"{name}:x:{number + 1000}:100::/home/{name}:/bin/bash\n" for number, name in enumerate(names)
    )
    shadow = "".join(f"{name}:$y$j9T$abcdefghijklmnopqrst$0123456789:20000:0:99999:7:::\n" for name in names)
    nodes = {"/etc/passwd": Node(content=text.encode()), "/etc/shadow": Node(content=shadow.encode())}
    findings = run("accounts", Twin(nodes, offline=True))
    assert "too_large" == findings.missing["accounts.interactive"]
    assert ["root"] == findings.facts["accounts.superuser_names"]
    assert [] == findings.facts["accounts.empty_password"]
