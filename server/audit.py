"""Who did what on the server: kept beside the log, since it changes no verdict."""

from datetime import datetime

from config import canonical
from server.export import Exported
from server.store.models import AuditRow

EXPORTED = "bundle_exported"
SHOWN = 20


def note(who: str, what: str, detail: str, now: datetime) -> None:
    """Keep that a person did something."""
    AuditRow.objects.create(at=canonical.encode_time(now), who=who, what=what, detail=detail)


def exported(who: str, made: Exported, now: datetime) -> None:
    """Keep that a person made a bundle, and what is in it."""
    detail = (
        f"{made.hosts} hosts, {made.reports} reports, log of {made.tree_size} entries, as of {made.moment}"
    )
    note(who, EXPORTED, detail, now)


def listed(what: str) -> list[AuditRow]:
    """Return what was done of one kind, the newest first."""
    return list(AuditRow.objects.filter(what=what).order_by("-id")[:SHOWN])
