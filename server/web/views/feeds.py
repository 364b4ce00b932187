"""The feeds in force."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from server.feeds import listing
from server.people import READ
from server.web import desk
from server.web.roles import allowed


@allowed(READ)
def feeds(request: HttpRequest) -> HttpResponse:
    """``/feeds``."""
    with desk.opened() as connection:
        rows = listing.listed(connection, desk.moment())
    return render(request, "feeds.html", {"feeds": rows})
