"""What only several subjects together can tell: covered computers, accounts of people, devices on the networks."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from server import accounts as accounts_
from server import adoption, covering, expected, fleet, networks, ordered
from server import coverage as coverage_
from server.ordered import Keyed
from server.people import READ
from server.web import desk, pages
from server.web.roles import allowed

SHOWN_UNSEEN = 50


@allowed(READ)
def coverage(request: HttpRequest) -> HttpResponse:
    """``/coverage``: the computers that directories expect, and whether an agent covers them."""
    with desk.opened() as connection:
        now = desk.moment()
        listed = expected.listed(connection, adoption.rules(connection), now)
        hosts = coverage_.coverage(connection, now)
    shown = _narrowed(request, listed.computers, covering.ANSWERS, ("name", "dns_name", "system"))
    counts = listed.counts
    return render(request, "coverage.html", {"listed": listed, "counts": counts, "coverage": hosts, **shown})


@allowed(READ)
def accounts(request: HttpRequest) -> HttpResponse:
    """``/accounts``: the users of the tenants, those first who get in somewhere with one factor."""
    with desk.opened() as connection:
        joined = accounts_.joined(connection, desk.moment())
    shown = _narrowed(request, joined.users, accounts_.ANSWERS, ("name",))
    left = len(joined.unseen) - SHOWN_UNSEEN
    unseen = {"unseen": joined.unseen[:SHOWN_UNSEEN], "unseen_left": max(left, 0)}
    return render(request, "accounts.html", {"joined": joined, **unseen, **shown})


@allowed(READ)
def all_networks(request: HttpRequest) -> HttpResponse:
    """``/networks``: each with its numbers, and what changed."""
    with desk.opened() as connection:
        found = networks.listed(connection, desk.moment())
    return render(request, "networks.html", {"networks": found, "statuses": networks.ANSWERS})


@allowed(READ)
def network(request: HttpRequest, host_id: str) -> HttpResponse:
    """``/networks/ID``: its devices, those first whom nobody knows."""
    with desk.opened() as connection:
        found = networks.one(connection, host_id, desk.moment())
    shown = _narrowed(request, found.devices, networks.ANSWERS, ("address", "mac", "vendor", "names"))
    return render(request, "network.html", {"network": found, **shown})


def _narrowed(
    request: HttpRequest, rows: Sequence[Keyed], answers: Mapping[str, str], fields: Sequence[str]
) -> dict[str, Any]:
    """A page of rows that have a text and an answer; and the tabs, which count what the text leaves."""
    search, after = pages.text(request, "q").strip(), pages.after(request)
    fitting = ordered.fitting(rows, search, *fields) if search else rows
    counts = dict.fromkeys(answers, 0)
    for row in fitting:
        counts[row.answer] += 1  # type: ignore[attr-defined]
    answer = pages.chosen(request, "answer", ("", *answers), "")
    query = request.GET.copy()
    query.pop("after", None)
    tabs = []
    for name, count in (("", len(fitting)), *counts.items()):
        if count or name in ("", answer):
            query["answer"] = name
            tabs.append(
                {"answer": name, "count": count, "status": answers.get(name, ""), "query": query.urlencode()}
            )
    chosen = [row for row in fitting if answer in ("", row.answer)]  # type: ignore[attr-defined]
    found = ordered.part(chosen, after, fleet.PAGE_ROWS + 1)
    paged = pages.cut(request, found, [row.key for row in found])
    return {"q": search, "answer": answer, "tabs": tabs, "statuses": answers, **paged}
