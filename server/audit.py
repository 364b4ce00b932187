"""Who did what on the server: kept beside the log, since it changes no verdict."""

from datetime import datetime

from config import canonical
from server.store.models import AuditRow

SHOWN = 20


def note(who: str, what: str, detail: str, now: datetime) -> None:
    """Keep that a person did something."""
    AuditRow.objects.create(at=canonical.encode_time(now), who=who, what=what, detail=detail)


def listed(what: str) -> list[AuditRow]:
    """Return what was done of one kind, the newest first."""
    return list(AuditRow.objects.filter(what=what).order_by("-id")[:SHOWN])
