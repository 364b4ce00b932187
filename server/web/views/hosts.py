"""The hosts, and one of them with its answers, facts and sections."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.rejudge import Rules
from config.standing import effective_level
from server import adoption, demands, exploited, fleet, roster
from server import hosts as hosts_
from server.fleet import FactRow, HostView
from server.people import READ
from server.web import desk, pages
from server.web.roles import allowed

_ORDER = ("fail", "unknown", "stale", "waived", "pass", "not_applicable")


@allowed(READ)
def hosts(request: HttpRequest) -> HttpResponse:
    """``/hosts``: all of them, by id; `q` and `heard` narrow it."""
    search, after = pages.text(request, "q").strip(), pages.after(request)
    heard = pages.chosen(request, "heard", ("", *roster.HEARD), "")
    with desk.opened() as connection:
        rows = roster.page(connection, desk.moment(), search, heard, after, fleet.PAGE_ROWS + 1)
    heards = [("", "all"), *((each, each.replace("_", " ")) for each in roster.HEARD)]
    paged = pages.cut(request, rows, [row.host.host_id for row in rows])
    return render(request, "hosts.html", {"q": search, "heard": heard, "heards": heards, **paged})


@allowed(READ)
def host(request: HttpRequest, host_id: str) -> HttpResponse:
    """``/hosts/ID``."""
    with desk.opened() as connection:
        view = fleet.host(connection, host_id, desk.moment())
        rules = adoption.rules(connection)
        sections = roster.sections(connection, view.host.host_id)
        first = exploited.of_host(connection, view, rules, desk.moment())
        observer = hosts_.find(connection, view.host.observer)
        observed = hosts_.observed(connection, view.host.host_id)
    shown = {
        "exploited": first,
        "view": view,
        "observer": observer,
        "observed": observed,
        "groups": _groups(view, rules),
        "facts": _by_subject(view.facts),
        "sections": sections,
    }
    return render(request, "host.html", shown)


@allowed(READ)
def section(request: HttpRequest, host_id: str, sha256: str) -> HttpResponse:
    """``/hosts/ID/sections/SHA256``: canonical bytes, as they came."""
    with desk.opened() as connection:
        data = roster.section_bytes(connection, host_id, sha256)
    return HttpResponse(data, content_type="text/plain; charset=utf-8")


def _groups(view: HostView, rules: Rules) -> list[dict[str, Any]]:
    """The answers of each criterion, the worst first."""
    groups = []
    for standing in view.standing.criteria:
        own = {check.check for part in standing.parts for check in part.checks}
        rows = [row for row in view.verdicts if row.check in own]
        if not rows:
            continue
        rows.sort(key=lambda row: _ORDER.index(row.counted_as))
        counts = {answer: sum(row.counted_as == answer for row in rows) for answer in _ORDER}
        answers = []
        for row in rows:
            check = rules.catalogue.checks[row.check]
            level = effective_level(check, rules.mfa_reading)
            text = demands.of_check(check, rules.profile)
            remedies = {"remedies": _of(check.remediation, view), "cautions": _of(check.caution, view)}
            answers.append({"row": row, "text": text, "level": level, **remedies})
        groups.append({"standing": standing, "counts": counts, "answers": answers})
    return groups


def _of(texts: Mapping[str, str], view: HostView) -> list[str]:
    """What is said for the host's platform; for all of them, where it is of none that is named."""
    own = texts.get(view.host.platform)
    return list(texts.values()) if own is None else [own]


def _by_subject(facts: tuple[FactRow, ...]) -> dict[str, list[FactRow]]:
    def subject(fact: FactRow) -> str:
        return fact.name.partition(".")[0]

    return {name: list(own) for name, own in groupby(sorted(facts, key=subject), key=subject)}
