"""Alarms last until somebody acknowledges them, and are never deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import alarms
from agent.alarms import TEXTS, acknowledge, raise_alarm, standing

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_lasts(tmp_path: Path) -> None:
    """Seen again, an alarm keeps when it was first raised and what was seen then."""
    raise_alarm(tmp_path, "receipt_wrong", "first", "evidence", "2026-11-24T12:00:00Z")
    raise_alarm(tmp_path, "receipt_wrong", "second", "other", "2026-11-25T12:00:00Z")
    (alarm,) = standing(tmp_path)
    assert ("2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z", 2) == (
        alarm.raised_at,
        alarm.last_at,
        alarm.times,
    )
    assert ("second", "evidence") == (alarm.detail, alarm.evidence)
    assert alarm.to_dict()["text"] == TEXTS["receipt_wrong"]


def test_acknowledge(tmp_path: Path) -> None:
    """Acknowledged alarms are kept aside; the next one begins anew."""
    raise_alarm(tmp_path, "sequence_fork", "x", None, "2026-11-24T12:00:00Z")
    assert 1 == len(acknowledge(tmp_path, NOW))
    assert () == standing(tmp_path) == acknowledge(tmp_path, NOW)
    assert ["20261124T120000Z-sequence_fork.json"] == [
        path.name for path in (tmp_path / "acknowledged").iterdir()
    ]
    raise_alarm(tmp_path, "sequence_fork", "x", None, "2026-11-26T12:00:00Z")
    assert 1 == standing(tmp_path)[0].times


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"raised_at":1}'])
def test_damaged(tmp_path: Path, data: bytes) -> None:
    """A damaged alarm is still an alarm."""
    (tmp_path / "log_not_extension.json").write_bytes(data)
    (alarm,) = standing(tmp_path)
    assert "log_not_extension" == alarm.code
    assert "damaged" in alarm.detail


def test_code(tmp_path: Path) -> None:
    """A code that could be a path is a programmer's mistake."""
    with pytest.raises(ValueError, match="not an alarm"):
        raise_alarm(tmp_path, "../x", "", None, "")


def test_texts() -> None:
    """Every alarm says what it means in a sentence."""
    assert all(text.endswith(".") for text in alarms.TEXTS.values())
