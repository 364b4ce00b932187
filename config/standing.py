"""Standing: verdicts of one host or of a fleet, with documents, rolled up to parts and criteria.

Worst part first, never an average. Musts and shoulds are counted apart, and guidance changes no status.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from config.attested import EXEMPTION, Document
from config.criterion import READINGS, Catalogue, Check, Criterion, DocumentNeed, Part
from config.verdict import Verdict

STATUSES = ("not_met", "partly", "no_evidence", "stale", "met", "not_applicable")
"""Worst first."""


@dataclass(frozen=True)
class CheckStanding:
    """How many subjects gave which answer to a check."""

    check: str
    title: str
    level: str
    """As the reading of MFA has it."""
    status: str
    passed: int
    failed: int
    unknown: int
    stale: int
    not_applicable: int
    waived: int

    @property
    def is_answered(self) -> bool:
        """Whether any subject was asked."""
        return any((self.passed, self.failed, self.unknown, self.stale, self.not_applicable, self.waived))


@dataclass(frozen=True)
class DocumentStanding:
    """Whether a document that a part needs is there."""

    id: str
    title: str
    status: str


@dataclass(frozen=True)
class PartStanding:
    """A part's state."""

    id: str
    title: str
    level: str
    status: str
    recommended: str
    """Of the checks that a must part only recommends; not_applicable where it has none."""
    checks: tuple[CheckStanding, ...]
    documents: tuple[DocumentStanding, ...]


@dataclass(frozen=True)
class CriterionStanding:
    """A criterion's state."""

    id: str
    title: str
    level: str
    status: str
    recommended: str
    exemption: str
    """none, attested, or contradicted when a document exempts it but a check fails, waived or not."""
    parts: tuple[PartStanding, ...]


@dataclass(frozen=True)
class Standing:
    """The state of all criteria, in catalogue order."""

    criteria: tuple[CriterionStanding, ...]

    def tally(self, level: str) -> dict[str, int]:
        """How many criteria of this level have which status, worst first."""
        own = [one.status for one in self.criteria if one.level == level]
        return {status: own.count(status) for status in STATUSES}

    def to_dict(self) -> dict[str, Any]:
        """The shape in which every interface shows a standing."""
        return asdict(self)


def effective_level(check: Check, mfa_reading: str) -> str:
    """The check's level; MFA checks that the text only guides to are musts as CBP's conference reads it.

    Raises:
        ValueError: an unknown reading.
    """
    if mfa_reading not in READINGS:
        raise ValueError(f"{mfa_reading!r} is no reading; there are {READINGS}")
    return "must" if check.mfa and check.level == "guidance" and mfa_reading == "conference" else check.level


def counts(verdicts: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """How many verdicts of each check have which answer; stale and waived ones are counted as such."""
    counted: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        answer = verdict.answer
        if verdict.waived_by is not None and answer in ("fail", "unknown"):
            answer = "waived"
        elif answer == "unknown" and verdict.reason == "stale":
            answer = "stale"
        own = counted.setdefault(verdict.check, {})
        own[answer] = own.get(answer, 0) + 1
    return counted


def roll_up(
    counts: Mapping[str, Mapping[str, int]],
    catalogue: Catalogue,
    documents: Iterable[Document],
    moment: datetime,
    mfa_reading: str = "text",
) -> Standing:
    """The standing of whatever was counted.

    Args:
        counts: what `counts` gives, for one subject or added up over a fleet.
        catalogue: the criteria.
        documents: what people attested, in the order of the log: of each, the last version that has begun
            counts, so that a document can be withdrawn.
        moment: aware; documents are valid or expired at it.
        mfa_reading: text or conference.
    """
    # A version that is still to begin replaces nothing yet.
    begun = [each for each in documents if each.status(moment) != "no_evidence"]
    held = _Held({(each.id, each.part): each for each in begun}, moment)
    return Standing(tuple(_criterion(one, counts, held, mfa_reading) for one in catalogue.criteria.values()))


@dataclass(frozen=True)
class _Held:
    """Of each document for each part the last version, as of a moment."""

    documents: Mapping[tuple[str, str], Document]
    moment: datetime

    def status(self, id_: str, part: str, renewal_days: int | None = None) -> str:
        document = self.documents.get((id_, part))
        return document.status(self.moment, renewal_days) if document else "no_evidence"


def _criterion(
    one: Criterion, counts: Mapping[str, Mapping[str, int]], held: _Held, mfa_reading: str
) -> CriterionStanding:
    parts = tuple(_part(part, counts, held, mfa_reading) for part in one.parts)
    binding = [part for part in parts if _binds(part.level, one.level)] or parts
    beside = [part.status for part in parts if part not in binding]
    status = _worst(part.status for part in binding)
    recommended = _worst([*beside, *(part.recommended for part in parts)])
    exemption = "none"
    if one.conditional and held.status(EXEMPTION, one.id) == "met":
        # The scanner looks for contradictions: what fails, with or without approval, is evidently there.
        failed = any(check.failed or check.waived for part in parts for check in part.checks)
        exemption = "contradicted" if failed else "attested"
        status = status if failed else "not_applicable"
    return CriterionStanding(one.id, one.title, one.level, status, recommended, exemption, parts)


def _part(part: Part, counts: Mapping[str, Mapping[str, int]], held: _Held, mfa_reading: str) -> PartStanding:
    checks = tuple(
        _check(check, effective_level(check, mfa_reading), counts.get(check.id, {})) for check in part.checks
    )
    documents = tuple(_document(need, part.id, held) for need in part.documents)
    asked = [check for check in checks if check.level != "guidance"]
    binding = [check for check in asked if _binds(check.level, part.level)]
    statuses = _answered(binding) + [document.status for document in documents]
    recommended = _answered([check for check in asked if check not in binding])
    if not statuses:
        # Nothing that binds could show this part: what it recommends must, or nobody has looked.
        statuses, recommended = recommended or ["no_evidence"], []
    return PartStanding(
        part.id, part.title, part.level, _worst(statuses), _worst(recommended), checks, documents
    )


def _answered(checks: Sequence[CheckStanding]) -> list[str]:
    """The statuses of the checks that somebody was asked; where nobody was asked any, there is no evidence.

    A check of Windows says nothing of a company whose hosts all run Linux, beside checks that were asked.
    """
    found = [check.status for check in checks if check.is_answered]
    return found or ["no_evidence"] * bool(checks)


def _binds(level: str, whole: str) -> bool:
    """Whether something of this level can move the status of the whole it belongs to."""
    return level == "must" or whole == "should"


def _check(check: Check, level: str, counted: Mapping[str, int]) -> CheckStanding:
    passed, failed, unknown, stale, not_applicable, waived = (
        counted.get(answer, 0) for answer in ("pass", "fail", "unknown", "stale", "not_applicable", "waived")
    )
    if failed and not passed:
        status = "not_met"
    elif failed or waived:
        status = "partly"  # a waiver is an approved exception, never a pass
    elif unknown:
        status = "no_evidence"
    elif stale:
        status = "stale"
    elif passed:
        status = "met"
    else:
        status = "not_applicable" if not_applicable else "no_evidence"
    return CheckStanding(
        check.id, check.title, level, status, passed, failed, unknown, stale, not_applicable, waived
    )


def _document(need: DocumentNeed, part: str, held: _Held) -> DocumentStanding:
    return DocumentStanding(need.id, need.title, held.status(need.id, part, need.renewal_days))


def _worst(statuses: Iterable[str]) -> str:
    return min(statuses, key=STATUSES.index, default="not_applicable")
