"""The log: its entries, its head, and the keys that an auditor pins."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config import tiles
from server import fleet, ledger
from server.people import READ
from server.web import desk, pages
from server.web.roles import allowed


@allowed(READ)
def log(request: HttpRequest) -> HttpResponse:
    """``/log``: entries, the newest first."""
    before = pages.before(request)
    with desk.opened() as connection:
        state = fleet.log_state(connection)
        rows = fleet.entries(connection, before, fleet.PAGE_ROWS + 1)
    hand = ledger.hand(desk.home())
    paged = pages.cut(request, rows, [str(row.leaf_index) for row in rows], "before")
    shown = {
        "log": state,
        "entries": paged["rows"],
        "tile": _newest_tile(state.size),
        "server_key": hand.server.public.key_id,
        "log_vkey": hand.vkey,
    }
    return render(request, "log.html", {**paged, **shown})


def _newest_tile(size: int) -> str:
    """The path of the tile that holds the newest leaf."""
    index, width = divmod(size, tiles.WIDTH)
    return tiles.tile_path(0, index, width) if width else tiles.tile_path(0, index - 1, tiles.WIDTH)
