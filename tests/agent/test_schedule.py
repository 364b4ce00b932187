"""When to scan: slots, weeks of nights, clock changes, sleep, a clock set back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.schedule import Due, Window, due, local_zone, slot_on, window_of
from config.settings import AgentSettings

NIGHT = Window(time(1), time(5))
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def decide(now: datetime, last_scan: datetime | None, host_id: str = "h-1") -> Due:
    """The decision in UTC."""
    return due(now, last_scan, NIGHT, host_id, UTC)


def simulate(
    start: datetime, minutes: int, asleep: list[tuple[int, int]] | None = None, zone: ZoneInfo = BERLIN
) -> list[tuple[str, datetime]]:
    """A service that looks once a minute, with sleeps given in minutes from the start; what it scanned and when."""
    last_scan: datetime | None = start
    done: list[tuple[str, datetime]] = []
    for minute in range(minutes):
        if any(begin <= minute < end for begin, end in asleep or []):
            continue
        now = start + timedelta(minutes=minute)
        trigger = due(now, last_scan, NIGHT, "h-1", zone).trigger
        if trigger is not None:
            done.append((trigger, now))
            last_scan = now
    return done


def test_week() -> None:
    """Seven nights, seven scans, each within a minute of the slot."""
    done = simulate(NOON, 7 * 1440)
    assert ["scheduled"] * 7 == [trigger for trigger, _ in done]
    for _, at in done:
        slot = slot_on(at.astimezone(BERLIN).date(), NIGHT, "h-1", BERLIN)
        assert timedelta(0) <= at - slot < timedelta(minutes=1)


@pytest.mark.parametrize("sunday", [date(2026, 3, 29), date(2026, 10, 25)])
def test_clock_change(sunday: date) -> None:
    """A week with a clock change has seven scans as well: no night is skipped, none is scanned twice."""
    start = datetime.combine(sunday - timedelta(days=4), time(12), BERLIN).astimezone(UTC)
    done = simulate(start, 7 * 1440)
    assert ["scheduled"] * 7 == [trigger for trigger, _ in done]
    days = [at.astimezone(BERLIN).date() for _, at in done]
    assert days == sorted(set(days))
    assert all(time(1) <= at.astimezone(BERLIN).time() < time(5) for _, at in done)


@given(st.integers(0, 2000), st.dates(date(2024, 1, 1), date(2030, 1, 1)))
def test_slot(number: int, day: date) -> None:
    """Every slot lies in its window, whatever the night."""
    start = datetime.combine(day, NIGHT.start, BERLIN).astimezone(UTC)
    end = datetime.combine(day, NIGHT.end, BERLIN).astimezone(UTC)
    assert start <= slot_on(day, NIGHT, f"h-{number}", BERLIN) < end


def test_slots_spread() -> None:
    """A fleet's slots spread evenly over the window, and a host's slot is the same every night."""
    slots = [slot_on(date(2026, 11, 24), NIGHT, f"h-{number}", UTC) for number in range(4800)]
    quarters = Counter((slot.hour * 60 + slot.minute) // 15 for slot in slots)
    assert 16 == len(quarters)
    assert all(200 < count < 400 for count in quarters.values())
    next_day = slot_on(date(2026, 11, 25), NIGHT, "h-7", UTC)
    assert timedelta(days=1) == next_day - slots[7]


def test_asleep() -> None:
    """Asleep at its slot, a machine scans when it wakes: once for all it missed, with the true time."""
    done = simulate(NOON, 5 * 1440, asleep=[(600, 3000)])
    assert ["catch_up", "scheduled", "scheduled", "scheduled"] == [trigger for trigger, _ in done]
    assert NOON + timedelta(minutes=3000) == done[0][1]


def test_late_by_a_little() -> None:
    """Up to a quarter of an hour late is on time: the service looks once a minute, and scans take a while."""
    slot = decide(NOON, None).slot
    assert "scheduled" == decide(slot + timedelta(minutes=15), slot - timedelta(days=1)).trigger
    assert "catch_up" == decide(slot + timedelta(minutes=16), slot - timedelta(days=1)).trigger


def test_never_scanned() -> None:
    """A host that never scanned does not wait for the night."""
    assert "catch_up" == decide(NOON, None).trigger


def test_clock_set_back_a_little() -> None:
    """Set back by an hour after its scan, a machine does not scan twice that night."""
    slot = decide(NOON, None).slot
    assert None is decide(slot - timedelta(hours=1), slot).trigger
    assert None is decide(slot + timedelta(minutes=1), slot).trigger


def test_clock_set_back_far() -> None:
    """A last scan that lies a year ahead is no reason to wait for a year."""
    assert "catch_up" == decide(NOON, NOON + timedelta(days=365)).trigger
    assert None is decide(NOON + timedelta(minutes=1), NOON).trigger


def test_window_over_midnight() -> None:
    """A window may begin before midnight."""
    late = Window(time(22), time(2))
    slots = [slot_on(date(2026, 11, 24), late, f"h-{number}", UTC) for number in range(200)]
    assert {24, 25} == {slot.day for slot in slots}
    assert slots[7] == due(slots[7], None, late, "h-7", UTC).slot


def test_window_of() -> None:
    """The settings' window."""
    assert NIGHT == window_of(AgentSettings())


def test_local_zone(tmp_path: Path) -> None:
    """$TZ, else the machine's file, else UTC; a wrong name is no reason to fail."""
    assert BERLIN == local_zone({"TZ": "Europe/Berlin"}, str(tmp_path / "none"))
    assert BERLIN == local_zone({"TZ": ":Europe/Berlin"}, str(tmp_path / "none"))
    for name in ("", "No/Where", "../../etc/passwd", "CET-1CEST"):
        assert UTC == local_zone({"TZ": name}, str(tmp_path / "none"))
    (tmp_path / "localtime").write_bytes(b"no zone")
    assert UTC == local_zone({}, str(tmp_path / "localtime"))
