"""The overview: would we pass a validation today, and what comes first?"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.standing import STATUSES
from server import posture, roster
from server.people import READ
from server.posture import Row
from server.web import desk
from server.web.roles import allowed

OBSERVED_MAX = 12
"""Subjects that are shown; a page of its own has all."""


@allowed(READ)
def overview(request: HttpRequest) -> HttpResponse:
    """``/``: every criterion, in the order of numbers or by function; `level` and `status` narrow it."""
    with desk.opened() as connection:
        seen = posture.posture(connection, desk.moment())
        observed = roster.page(connection, desk.moment(), heard="observed", limit=OBSERVED_MAX + 1)
    level, status = request.GET.get("level", ""), request.GET.get("status", "")
    level = level if level in ("must", "should") else ""
    status = status if level and status in STATUSES else ""
    rows = [row for row in seen.rows if _is_shown(row, level, status)]
    is_grouped = request.GET.get("group") == "functions"
    shown = {
        "posture": seen,
        "rows": rows,
        "groups": _groups(seen.rows) if is_grouped else [],
        "shown_level": level,
        "shown_status": status,
        "observed": observed[:OBSERVED_MAX],
        "more_observed": len(observed) > OBSERVED_MAX,
    }
    return render(request, "overview.html", shown)


def _is_shown(row: Row, level: str, status: str) -> bool:
    return (not level or row.standing.level == level) and (not status or row.standing.status == status)


def _groups(rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    """The rows of each function; a criterion that serves several stands under each."""
    groups = []
    for name in posture.FUNCTIONS:
        own = tuple(row for row in rows if name in row.functions)
        tallies = {"musts": posture.tally(own, "must"), "shoulds": posture.tally(own, "should")}
        groups.append({"name": name, "rows": own, **tallies})
    return groups
