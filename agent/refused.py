"""A report that the server refuses for good: how long it may hold up those behind it.

One refusal proves little: a server may be broken for a night, and its administrator mends it. Only a report
that was refused in several runs over a day is given up, so that the next ones arrive; its file stays in
damaged/.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from agent.answer import RefusalError
from agent.chain import Place
from agent.report import encode_time
from agent.state import State, read_json, write_json
from config import canonical
from config.errors import InputError

FILE: Final = "refused.json"
RUNS: Final = 3
"""In how many runs a report is refused before it is given up."""
LASTS: Final = timedelta(hours=24)
"""And since when."""
_MALFORMED: Final = frozenset({400, 413})
"""What is about the report's own bytes. Other refusals are about this host, and its next report fares alike."""


def lasts(state: State, place: Place, refusal: RefusalError, now: datetime) -> bool:
    """Note this refusal of the oldest report; whether it has now lasted long enough to give the report up."""
    if refusal.status not in _MALFORMED:
        return False
    first_at, times = _noted(state, place, now)
    write_json(state, FILE, {"sha256": place.sha256, "first_at": encode_time(first_at), "times": times + 1})
    return times + 1 >= RUNS and now - first_at >= LASTS


def _noted(state: State, place: Place, now: datetime) -> tuple[datetime, int]:
    """Since when, and how often before. Nothing readable about this report: from now on."""
    try:
        match read_json(state, FILE):
            case {"sha256": place.sha256, "first_at": str(first_at), "times": int(times)}:
                return min(canonical.decode_time(first_at), now), times
    except InputError:
        pass  # a damaged note costs a day, no evidence
    return now, 0
