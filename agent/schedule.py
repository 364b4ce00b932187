"""When to scan: a slot in the night window, and what is due now. Clock, window and zone are arguments.

The slot is derived from the host id, so it is the same every night and a fleet's slots spread evenly over the
window. A slot that was slept through is due as soon as the machine is awake, once, labelled `catch_up`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.settings import AgentSettings

SCHEDULED_GRACE: Final = timedelta(minutes=15)
"""A scan that starts this long after its slot still counts as on time: the service looks once a minute."""
CLOCK_BACK_TOLERANCE: Final = timedelta(hours=24)
"""A last scan further in the future says nothing: the clock was wrong then, or was set back since."""
_DAYS_AROUND: Final = (-2, -1, 0, 1, 2)


@dataclass(frozen=True)
class Window:
    """The night window in local time. An end at or before the start is on the next day."""

    start: time
    end: time


@dataclass(frozen=True)
class Due:
    """What to do now: `trigger` is None when nothing is due. `slot` is the newest slot that has passed."""

    trigger: Literal["scheduled", "catch_up"] | None
    slot: datetime
    next_slot: datetime


def due(now: datetime, last_scan: datetime | None, window: Window, host_id: str, zone: tzinfo) -> Due:
    """Whether a scan is due at `now`, when the last one started at `last_scan` (None: never).

    Times are aware; those returned are UTC. At most one scan is due for all the slots that were missed.
    """
    slot = max(moment for moment in _slots(now, window, host_id, zone) if moment <= now)
    next_slot = min(moment for moment in _slots(now, window, host_id, zone) if moment > now)
    if last_scan is not None and last_scan > now + CLOCK_BACK_TOLERANCE:
        last_scan = None
    if last_scan is not None and last_scan >= slot:
        return Due(None, slot, next_slot)
    return Due("scheduled" if now - slot <= SCHEDULED_GRACE else "catch_up", slot, next_slot)


def slot_on(day: date, window: Window, host_id: str, zone: tzinfo) -> datetime:
    """The slot in the night window that starts on a local day, in UTC.

    The window is measured in real time, so a night with a clock change is shorter or longer, and every slot
    of it exists exactly once.
    """
    start = datetime.combine(day, window.start, zone).astimezone(UTC)
    last_day = day if window.end > window.start else day + timedelta(days=1)
    end = datetime.combine(last_day, window.end, zone).astimezone(UTC)
    length = max(int((end - start).total_seconds()), 1)
    share = int.from_bytes(hashlib.sha256(b"slot\0" + host_id.encode()).digest()[:8], "big")
    return start + timedelta(seconds=length * share >> 64)


def _slots(now: datetime, window: Window, host_id: str, zone: tzinfo) -> list[datetime]:
    today = now.astimezone(zone).date()
    return [slot_on(today + timedelta(days=days), window, host_id, zone) for days in _DAYS_AROUND]


def window_of(settings: AgentSettings) -> Window:
    """The window that the settings name."""
    return Window(time.fromisoformat(settings.night_start), time.fromisoformat(settings.night_end))


def local_zone(environment: Mapping[str, str] = os.environ, path: str = "/etc/localtime") -> tzinfo:
    """This machine's time zone: $TZ when it names one, else the system's; UTC where neither can be read."""
    if sys.platform == "win32":
        try:
            from tzlocal import get_localzone  # comes with APScheduler

            return get_localzone()
        except (ImportError, ValueError, ZoneInfoNotFoundError, OSError):
            return UTC
    try:
        return ZoneInfo(environment.get("TZ", "").lstrip(":"))
    except (ValueError, ZoneInfoNotFoundError, OSError):
        pass
    try:
        with open(path, "rb") as file:
            return ZoneInfo.from_file(file, "local")
    except (ValueError, OSError):
        return UTC
