"""Evidence: the bundle for an auditor, who made one and when, and how it is verified."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from server import audit, export
from server.people import EXPORT, READ
from server.web import desk
from server.web.roles import allowed

EXPORTED = "bundle_exported"


@allowed(READ)
def evidence(request: HttpRequest) -> HttpResponse:
    """``/evidence``."""
    shown = {"exports": audit.listed(EXPORTED), "server_key": desk.home().key("server").public.key_id}
    return render(request, "evidence.html", shown)


@allowed(EXPORT, "POST")
def download(request: HttpRequest) -> HttpResponse:
    """``/evidence/bundle``: make the bundle of now, by the command's own function."""
    now = desk.moment()
    with desk.opened() as connection:
        made = export.build(desk.home(), connection, now)
    detail = (
        f"{made.hosts} hosts, {made.reports} reports, log of {made.tree_size} entries, as of {made.moment}"
    )
    audit.note(desk.person(request).username, EXPORTED, detail, now)
    answer = HttpResponse(made.data, content_type="application/zip")
    name = f"boltseal-bundle-{made.moment.replace(':', '')}.zip"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
