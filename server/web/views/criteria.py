"""A criterion with its parts, and a check with its hosts."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.profile import Profile
from config.standing import CheckStanding
from server import adoption, demands, fleet, kinds
from server.coverage import coverage
from server.demands import CheckText
from server.fleet import CriterionView, VerdictRow
from server.people import READ
from server.steps import next_step
from server.web import desk, pages
from server.web.roles import allowed

SHOWN_HOSTS = 5
_ANSWERS: Mapping[str, str] = {
    "fail": "failed",
    "unknown": "unknown",
    "stale": "stale",
    "waived": "waived",
    "pass": "passed",
    "not_applicable": "not_applicable",
}
"""How an answer is counted in a check's standing, the worst first."""


@dataclass(frozen=True)
class _CheckRow:
    standing: CheckStanding
    text: CheckText
    rows: list[VerdictRow]
    more: bool


@allowed(READ)
def criterion(request: HttpRequest, criterion_id: str) -> HttpResponse:
    """``/criteria/4.8``."""
    with desk.opened() as connection:
        view = fleet.criterion(connection, criterion_id, desk.moment())
        rules = adoption.rules(connection)
        expected = coverage(connection, desk.moment()).expected
        parts = _parts(connection, view, rules.profile)
        step = next_step(view.standing, expected, kinds.called(connection, desk.moment()))
    shown = {
        "view": view,
        "parts": parts,
        "step": step,
        "profile": rules.profile,
        "mfa_reading": rules.mfa_reading,
    }
    return render(request, "criterion.html", shown)


@allowed(READ)
def check(request: HttpRequest, check_id: str) -> HttpResponse:
    """``/checks/ID``: the hosts with one answer, paged."""
    with desk.opened() as connection:
        text = demands.text(connection, check_id)
        view = fleet.criterion(connection, text.criterion, desk.moment())
        standing = next(
            each for part in view.standing.parts for each in part.checks if each.check == check_id
        )
        counts = {answer: getattr(standing, name) for answer, name in _ANSWERS.items()}
        worst = next((answer for answer, count in counts.items() if count), "fail")
        answer = pages.chosen(request, "answer", tuple(_ANSWERS), worst)
        after = pages.after(request)
        rows = fleet.check_hosts(connection, check_id, answer, desk.moment(), after, fleet.PAGE_ROWS + 1)
    tabs = [{"answer": name, "count": count} for name, count in counts.items() if count or name == answer]
    shown = {"text": text, "standing": standing, "answer": answer, "tabs": tabs}
    paged = pages.cut(request, rows, [row.host_id for row in rows])
    return render(request, "check.html", {**shown, **paged})


def _parts(connection: sqlite3.Connection, view: CriterionView, profile: Profile) -> list[dict[str, Any]]:
    parts = []
    for part, standing in zip(view.criterion.parts, view.standing.parts, strict=True):
        checks = [
            _check_row(connection, own, demands.of_check(check, profile))
            for check, own in zip(part.checks, standing.checks, strict=True)
        ]
        needs = zip(part.documents, standing.documents, strict=True)
        documents = [{"need": need, "standing": own} for need, own in needs]
        parts.append({"part": part, "standing": standing, "checks": checks, "documents": documents})
    return parts


def _check_row(connection: sqlite3.Connection, standing: CheckStanding, text: CheckText) -> _CheckRow:
    """A check with the first hosts that fail, or else of those that could not tell."""
    answer = "fail" if standing.failed else "unknown" if standing.unknown else "stale"
    rows = fleet.check_hosts(connection, standing.check, answer, desk.moment(), "", SHOWN_HOSTS + 1)
    return _CheckRow(standing, text, rows[:SHOWN_HOSTS], len(rows) > SHOWN_HOSTS)
