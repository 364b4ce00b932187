"""What the API answers with, as the OpenAPI document describes it. The values are those of the pages and commands."""

from typing import Any

from ninja import Field, Schema

from config.standing import CriterionStanding, Standing
from server.demands import CheckText
from server.expected import ListedCounts
from server.exploited import Exploited
from server.fleet import CriterionView, Entry, HostView, LogState, Overview, VerdictRow
from server.hosts import Host
from server.posture import Posture, Row, Tally
from server.roster import SectionRow
from server.tokens import Token


class Error(Schema):
    """What was wrong."""

    code: str
    message: str
    hint: str


class ErrorAnswer(Schema):
    """Every error of the server has this shape."""

    error: Error
    time: str


class CoverageOut(Schema):
    """How much of the fleet was seen; `expected` leaves out the revoked, `due` are not judged yet."""

    expected: int
    reported: int
    last_night: int
    missing: int
    never: int
    quarantined: int
    revoked: int
    due: int


class OverviewOut(Schema):
    """The fleet's standing at a moment, and by which rules. Musts and shoulds are never added up."""

    moment: str
    catalogue_version: str
    profile: str
    mfa_reading: str
    feeds: str
    coverage: CoverageOut
    directories: ListedCounts
    log: LogState
    musts: Tally
    shoulds: Tally
    criteria: tuple[Row, ...]
    exploited: Exploited

    @staticmethod
    def of(posture: Posture) -> "OverviewOut":
        """The overview's shape."""
        seen: Overview = posture.overview
        return OverviewOut(
            moment=seen.moment,
            catalogue_version=seen.catalogue_version,
            profile=seen.profile,
            mfa_reading=seen.mfa_reading,
            feeds=seen.feeds,
            coverage=CoverageOut.model_validate(seen.coverage),
            directories=seen.listed,
            log=seen.log,
            musts=posture.musts,
            shoulds=posture.shoulds,
            criteria=posture.rows,
            exploited=posture.exploited,
        )


class CriterionOut(Schema):
    """A criterion, restated in our words, and its standing over the fleet."""

    id: str
    title: str
    level: str
    requirement: str
    guidance: str
    conditional: bool
    condition: str
    functions: list[str]
    link: str
    standing: CriterionStanding

    @staticmethod
    def of(view: CriterionView) -> "CriterionOut":
        """A criterion's shape."""
        own = view.criterion
        return CriterionOut(
            id=own.id,
            title=own.title,
            level=own.level,
            requirement=own.requirement,
            guidance=own.guidance,
            conditional=own.conditional,
            condition=own.condition,
            functions=list(own.functions),
            link=own.link,
            standing=view.standing,
        )


class DemandOut(Schema):
    """A clause of a check, with the origin of its threshold."""

    fact: str
    wanted: str
    origin: str


class VerdictOut(Schema):
    """One host's answer to one check."""

    host_id: str
    hostname: str
    check: str
    answer: str
    counted_as: str
    reason: str
    detail: str
    observed: Any
    expected: Any
    origin: str
    sources: list[str]
    waived_by: str
    changed_at: str
    judged_at: str


class CheckHostsOut(Schema):
    """A check, and a page of the hosts that give it one answer."""

    check: str
    title: str
    criterion: str
    answer: str
    where: list[DemandOut]
    wants: list[DemandOut]
    match: str
    rows: list[VerdictOut]
    next: str | None = Field(description="the value of `after` for the next page; null on the last")

    @staticmethod
    def of(text: CheckText, answer: str, rows: list[VerdictRow], following: str | None) -> "CheckHostsOut":
        """A check's shape."""
        return CheckHostsOut(
            check=text.check.id,
            title=text.check.title,
            criterion=text.criterion,
            answer=answer,
            where=[DemandOut.model_validate(each) for each in text.where],
            wants=[DemandOut.model_validate(each) for each in text.wants],
            match=text.match,
            rows=[VerdictOut.model_validate(each) for each in rows],
            next=following,
        )


class HostRowOut(Schema):
    """A host, and how many of its checks stand how."""

    host: Host
    passed: int
    failed: int
    unknown: int
    stale: int


class HostsOut(Schema):
    """A page of hosts."""

    rows: list[HostRowOut]
    next: str | None


class FactOut(Schema):
    """A fact: a value, or the reason why there is none."""

    name: str
    value: Any
    reason: str
    sources: list[str]


class HostOut(Schema):
    """A host with facts, verdicts, sections and its own standing."""

    host: Host
    chain_sha256: str
    facts: list[FactOut]
    verdicts: list[VerdictOut]
    sections: list[SectionRow]
    standing: Standing

    @staticmethod
    def of(view: HostView, sections: list[SectionRow]) -> "HostOut":
        """A host's shape."""
        return HostOut(
            host=view.host,
            chain_sha256=view.chain_sha256,
            facts=[FactOut.model_validate(each) for each in view.facts],
            verdicts=[VerdictOut.model_validate(each) for each in view.verdicts],
            sections=sections,
            standing=view.standing,
        )


class LogOut(Schema):
    """The log's head, and a page of its entries, the newest first."""

    head: LogState
    rows: list[Entry]
    next: int | None = Field(description="the value of `before` for the next page; null on the last")


class TokenOut(Schema):
    """An enrolment token as it is kept; the secret is not."""

    token: Token
    state: str
