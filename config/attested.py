"""What people attest: documents, and waivers of checks. Values from the predicates of signed statements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from config import canonical, fact_types
from config.canonical import Json

EXEMPTION = "not-applicable"
"""Id of the document by which a conditional criterion does not apply; its part is the criterion's id."""


@dataclass(frozen=True)
class Document:
    """A policy, a review, a training log, a certificate: one version of it."""

    id: str
    part: str
    effective_on: datetime
    expires_on: datetime

    @staticmethod
    def from_predicate(predicate: Mapping[str, Json]) -> "Document":
        """From a `document` statement, whose schema config.statement has proven."""
        proven: Mapping[str, Any] = predicate
        days = [fact_types.read_date(proven[name]) for name in ("effective_on", "expires_on")]
        return Document(proven["id"], proven["part"], *days)  # type: ignore[arg-type]

    def status(self, moment: datetime, renewal_days: int | None = None) -> str:
        """At an aware moment: met from its first day to its last, in UTC; before no_evidence, after stale.

        Where it must be renewed, its last day comes so many days after its first at the latest.
        """
        today = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.effective_on > today:
            return "no_evidence"
        is_due = renewal_days is not None and today - self.effective_on > timedelta(days=renewal_days)
        return "stale" if is_due or self.expires_on < today else "met"


@dataclass(frozen=True)
class Waiver:
    """An approved exception for a check and a scope, with an end."""

    id: str
    check: str
    subjects: frozenset[str] | None
    """None: all."""
    approved_at: datetime
    ends_at: datetime

    @staticmethod
    def from_predicate(predicate: Mapping[str, Json]) -> "Waiver":
        """From a `waiver` statement, whose schema config.statement has proven."""
        proven: Mapping[str, Any] = predicate
        scope = proven["scope"]
        return Waiver(
            proven["id"],
            proven["check"],
            None if scope["all"] else frozenset(scope["hosts"]),
            canonical.decode_time(proven["approved_at"]),
            canonical.decode_time(proven["ends_at"]),
        )

    def covers(self, subject: str) -> bool:
        """Whether the subject is in its scope."""
        return self.subjects is None or subject in self.subjects


def in_force(waivers: Iterable[Waiver], subject: str, moment: datetime) -> dict[str, str]:
    """For each check that is waived for this subject now: the waiver's id, the smallest where several are.

    Of several waivers with one id, the last approved counts, so that a waiver can be ended early. A waiver
    whose end has come has no effect, nor has one that was approved after the moment.
    """
    latest: dict[str, Waiver] = {}
    for waiver in waivers:
        if waiver.approved_at <= moment:
            held = latest.get(waiver.id)
            # Of two approved in one second, the one that ends first.
            if held is None or (held.approved_at, waiver.ends_at) < (waiver.approved_at, held.ends_at):
                latest[waiver.id] = waiver
    valid = [w for w in latest.values() if w.ends_at > moment and w.covers(subject)]
    return {waiver.check: waiver.id for waiver in sorted(valid, key=lambda w: w.id, reverse=True)}
