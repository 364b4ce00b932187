"""How values, times and statuses are said."""

from datetime import UTC, datetime
from typing import Any

import pytest

from config.verdict import Verdict
from server import founding

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _django() -> None:
    founding.set_up_django(None)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, ["yes"]),
        (None, ["not known"]),
        (15, ["15"]),
        ("", ["(empty)"]),
        ([], ["none"]),
        (["a", "b"], ["a", "b"]),
        ([{"port": 22, "process": None}], ["port 22, process not known"]),
        ([{"path": "ssh", "factors": ["key", "code"]}], ["path ssh, factors key, code"]),
        ("a\x1b[31mb", ["a\N{REPLACEMENT CHARACTER}[31mb"]),
        ("x" * 500, ["x" * 119 + "…"]),
        (list(range(150)), [*map(str, range(100)), "and 50 more, in the section"]),
    ],
)
def test_lines(value: Any, said: list[str]) -> None:
    """An element a line, records field by field, nothing without end."""
    from server.web import tags

    assert tags.lines(value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "never"),
        ("2026-11-24T11:59:30Z", "a moment ago"),
        ("2026-11-24T11:59:00Z", "1 minute ago"),
        ("2026-11-24T10:00:00Z", "2 hours ago"),
        ("2026-11-12T10:00:00Z", "12 days ago"),
        ("2026-11-25T13:00:00Z", "in 1 day"),
    ],
)
def test_ago(text: str, said: str) -> None:
    """A distance in words, with the exact time behind it."""
    from server.web import tags

    told = tags.ago({"moment": NOW}, text)
    assert said in told
    assert not text or f'datetime="{text}"' in told


def test_every_status_has_a_shape() -> None:
    """No status and no answer is said by colour alone, or by nothing."""
    from config.criterion import ANSWERS
    from config.standing import STATUSES
    from server.web import tags

    drawn = {name: tags.shape(name) for name in (*STATUSES, *ANSWERS, "stale", "waived")}
    assert all("<path" in svg or "<circle" in svg for svg in drawn.values())
    assert len({drawn[name].split(">", 1)[1] for name in STATUSES}) == len(STATUSES)
    assert "not met" in tags.status("not_met")


def test_verdict_fields_are_shown() -> None:
    """The host page shows each field that a verdict carries."""
    from pathlib import Path

    template = Path(__file__).parents[3] / "server" / "templates" / "host.html"
    text = template.read_text(encoding="utf-8")
    shown = {"check", "detail", "reason", "observed", "expected", "origin", "sources"}
    assert shown <= set(Verdict.__dataclass_fields__)
    assert all(f"row.{name}" in text for name in shown)
