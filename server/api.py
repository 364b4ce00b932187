"""The JSON API: the same functions as the pages, behind a session with a second factor or a person's token."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.params.functions import Path, Query
from ninja.security import HttpBearer, SessionAuth

from config import __version__
from config.errors import InputError
from server import (
    accounts,
    adoption,
    api_tokens,
    audit,
    demands,
    expected,
    export,
    fleet,
    networks,
    ordered,
    people,
    posture,
    roster,
    tokens,
)
from server.api_joined import AccountsAnswer, CoverageAnswer
from server.api_shapes import (
    CheckHostsOut,
    CriterionOut,
    ErrorAnswer,
    HostOut,
    HostRowOut,
    HostsOut,
    LogOut,
    OverviewOut,
    TokenOut,
)
from server.api_tokens import Bearer
from server.feeds import listing
from server.feeds.listing import FeedRow
from server.networks import Network
from server.people import EXPORT, READ
from server.store.models import Person
from server.web import desk, errors

ANSWERS = "fail|unknown|stale|waived|pass|not_applicable"
_ROWS = fleet.PAGE_ROWS
_After: Any = Query("", max_length=255, description="the `next` of the page before")
_Answer: Any = Query("fail", pattern=f"^({ANSWERS})$")
_Before: Any = Query(None, ge=0, le=1 << 53, description="the `next` of the page before")
_Heard: Any = Query("", pattern=f"^({'|'.join(roster.HEARD)})?$", description="what was heard of them")
_Search: Any = Query("", max_length=255, description="a text in their names or ids")
_Name: Any = Path(..., max_length=255)


class _ByToken(HttpBearer):
    """``Authorization: Bearer`` with a person's API token."""

    def authenticate(self, request: HttpRequest, token: str) -> Bearer | None:
        return api_tokens.bearer(token, desk.moment())


class _BySession(SessionAuth):
    """The session of a browser, once its person has a second factor."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Person | None:
        person = request.user
        is_whole = isinstance(person, Person) and people.has_second_factor(person)
        return person if is_whole else None  # type: ignore[return-value]


api = NinjaAPI(
    title="Boltseal",
    version=__version__,
    description="What the pages show, from the same functions. Unknown is never a pass.",
    docs_url=None,
    openapi_url="openapi.json",
    urls_namespace="api",
    auth=[_ByToken(), _BySession()],
)
_WRONG: Any = {400: ErrorAnswer, 401: ErrorAnswer, 403: ErrorAnswer, 404: ErrorAnswer}


@api.get("/overview", response={200: OverviewOut, **_WRONG}, summary="The fleet's standing")
def overview(request: HttpRequest) -> OverviewOut:
    """Every criterion with its parts, checks and counts, and what to do next."""
    _demand(request, READ)
    with desk.opened() as connection:
        return OverviewOut.of(posture.posture(connection, desk.moment()))


@api.get("/criteria", response={200: list[CriterionOut], **_WRONG}, summary="All criteria")
def criteria(request: HttpRequest) -> list[CriterionOut]:
    """Each criterion in words, with its standing."""
    _demand(request, READ)
    with desk.opened() as connection:
        return [CriterionOut.of(each) for each in fleet.criteria(connection, desk.moment())]


@api.get("/criteria/{criterion_id}", response={200: CriterionOut, **_WRONG}, summary="A criterion")
def criterion(request: HttpRequest, criterion_id: str = _Name) -> CriterionOut:
    """A criterion in words, with its standing."""
    _demand(request, READ)
    with desk.opened() as connection:
        return CriterionOut.of(fleet.criterion(connection, criterion_id, desk.moment()))


@api.get("/checks/{check_id}/hosts", response={200: CheckHostsOut, **_WRONG}, summary="Hosts by their answer")
def check_hosts(
    request: HttpRequest,
    check_id: str = _Name,
    answer: str = _Answer,
    after: str = _After,
) -> CheckHostsOut:
    """The hosts that give a check one answer, with what was found."""
    _demand(request, READ)
    with desk.opened() as connection:
        text = demands.text(connection, check_id)
        rows = fleet.check_hosts(connection, check_id, answer, desk.moment(), after, _ROWS + 1)
    following = rows[_ROWS - 1].host_id if len(rows) > _ROWS else None
    return CheckHostsOut.of(text, answer, rows[:_ROWS], following)


@api.get("/hosts", response={200: HostsOut, **_WRONG}, summary="The hosts")
def hosts(
    request: HttpRequest,
    q: str = _Search,
    heard: str = _Heard,
    after: str = _After,
) -> HostsOut:
    """The enrolled hosts in the order of their ids."""
    _demand(request, READ)
    with desk.opened() as connection:
        rows = roster.page(connection, desk.moment(), q, heard, after, _ROWS + 1)
    following = rows[_ROWS - 1].host.host_id if len(rows) > _ROWS else None
    return HostsOut(rows=[HostRowOut.model_validate(row) for row in rows[:_ROWS]], next=following)


@api.get("/hosts/{path:host_id}", response={200: HostOut, **_WRONG}, summary="A host")
def host(request: HttpRequest, host_id: str = _Name) -> HostOut:
    """A host, by id or by a name that only one has, with facts, verdicts and sections."""
    _demand(request, READ)
    with desk.opened() as connection:
        view = fleet.host(connection, host_id, desk.moment())
        return HostOut.of(view, roster.sections(connection, view.host.host_id))


@api.get("/coverage", response={200: CoverageAnswer, **_WRONG}, summary="The computers to be expected")
def coverage(request: HttpRequest, q: str = _Search, after: str = _After) -> CoverageAnswer:
    """The computers that directories expect, those first that no agent covers."""
    _demand(request, READ)
    with desk.opened() as connection:
        listed = expected.listed(connection, adoption.rules(connection), desk.moment())
    rows, following = ordered.page(listed.computers, q, ("name", "dns_name", "system"), after, _ROWS)
    return CoverageAnswer.of(listed, rows, following)


@api.get("/accounts", response={200: AccountsAnswer, **_WRONG}, summary="Users and the hosts' accounts")
def users(request: HttpRequest, q: str = _Search, after: str = _After) -> AccountsAnswer:
    """The tenants' users with the hosts' accounts of their names, those first who get in with one factor."""
    _demand(request, READ)
    with desk.opened() as connection:
        joined = accounts.joined(connection, desk.moment())
    rows, following = ordered.page(joined.users, q, ("name",), after, _ROWS)
    return AccountsAnswer.of(joined, rows, following)


@api.get("/networks", response={200: list[Network], **_WRONG}, summary="The networks")
def all_networks(request: HttpRequest) -> list[Network]:
    """Each observed network: its devices, what they expose, who knows them, what changed."""
    _demand(request, READ)
    with desk.opened() as connection:
        return networks.listed(connection, desk.moment())


@api.get("/log", response={200: LogOut, **_WRONG}, summary="The log")
def log(request: HttpRequest, before: int | None = _Before) -> LogOut:
    """The log's signed head and its entries, the newest first."""
    _demand(request, READ)
    with desk.opened() as connection:
        head = fleet.log_state(connection)
        rows = fleet.entries(connection, before, _ROWS + 1)
    following = rows[_ROWS - 1].leaf_index if len(rows) > _ROWS else None
    return LogOut(head=head, rows=rows[:_ROWS], next=following)


@api.get("/feeds", response={200: list[FeedRow], **_WRONG}, summary="The feeds in force")
def feeds(request: HttpRequest) -> list[FeedRow]:
    """What was published of exploited holes, fixes and ends of support, how old it is, and whether that is too old."""
    _demand(request, READ)
    with desk.opened() as connection:
        return listing.listed(connection, desk.moment())


@api.get("/tokens", response={200: list[TokenOut], **_WRONG}, summary="The enrolment tokens")
def enrolment_tokens(request: HttpRequest) -> list[TokenOut]:
    """The enrolment tokens without their secrets, the newest first."""
    _demand(request, READ)
    now = desk.moment()
    with desk.opened() as connection:
        listed = tokens.listed(connection)
    return [TokenOut(token=each, state=tokens.state(each, now)) for each in listed]


@api.post("/bundle", response=_WRONG, summary="Make a bundle")
def bundle(request: HttpRequest) -> HttpResponse:
    """The zip file for an auditor, of the log as it is now."""
    person = _demand(request, EXPORT)
    now = desk.moment()
    with desk.opened() as connection:
        made = export.build(desk.home(), connection, now)
    audit.exported(person.username, made, now)
    return HttpResponse(made.data, content_type="application/zip")


@api.exception_handler(InputError)
def _refused(request: HttpRequest, error: InputError) -> HttpResponse:
    return errors.page(request, error)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    hint = "Send Authorization: Bearer TOKEN; a person makes one under /account/tokens."
    return errors.page(request, InputError("unauthenticated", "This needs a login or a token.", hint), 401)


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    name = str(first["loc"][-1])
    hint = "See /api/v1/openapi.json."
    return errors.page(request, InputError("bad_request", f"{name}: {first['msg']}.", hint), 400)


def _demand(request: HttpRequest, right: str) -> Person:
    """Return who asks; InputError ``forbidden`` when their role or their token does not reach so far."""
    who: Bearer | Person = request.auth  # type: ignore[attr-defined]
    is_allowed = who.may(right) if isinstance(who, Bearer) else people.may(who, right)
    if not is_allowed:
        raise InputError("forbidden", f"This needs the right to {right}.", "Ask an administrator.")
    return who.person if isinstance(who, Bearer) else who
