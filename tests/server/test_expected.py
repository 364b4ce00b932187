"""The computers that directories expect, over real reports: what counts, what is unknown, and in the overview."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from config.canonical import Json
from server import adoption, database, expected, fleet, hosts
from server.expected import Listed
from tests.server.test_chain import _decide
from tests.server.twin import NOW, Clock, InProcess, Twin
from tests.server.web.company import computer, sealed, ship

THEN = NOW - timedelta(hours=2)


def _listed(server: InProcess) -> Listed:
    connection = database.connect(server.home.database)
    try:
        found = expected.listed(connection, adoption.rules(connection), server.clock())
        # A page, a command and the overview agree.
        assert found.counts == fleet.overview(connection, server.clock()).listed
        return found
    finally:
        connection.close()


def _tell(server: InProcess, subject: Twin, *computers: Json) -> None:
    ship(server, subject, [sealed("directory_ad", {"directory.computers": [*computers]})], server.clock())


def _answers(listed: Listed) -> dict[str, str]:
    return {each.dns_name or each.name: each.answer for each in listed.computers}


def test_counts(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """Enabled and lately seen computers are expected; the denominator of coverage grows by those without an agent."""
    twin = enrolled("files")
    ship(server, twin, [sealed("password", {"password.min_length": 16})], THEN)
    corp = twin.observes("directory.corp", "ad")
    assert () == _listed(server).directories
    _tell(
        server,
        corp,
        computer("FILES.example", NOW),
        computer("laptop.example", NOW, days=104),
        computer("old.example", NOW, days=105),
        computer("sold.example", NOW, enabled=False),
        computer("x", NOW, dns_name=None),
    )
    found = _listed(server)
    assert {"FILES.example": "covered", "laptop.example": "without_agent", "X": "without_agent"} == _answers(
        found
    )
    (directory,) = found.directories
    assert (5, 3, 1, 1, "") == (
        directory.computers,
        directory.expected,
        directory.disabled,
        directory.dormant,
        directory.problem,
    )
    connection = database.connect(server.home.database)
    try:
        assert 3 == fleet.overview(connection, NOW).wanted
    finally:
        connection.close()


def test_same_directory_twice(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """Two observers of one domain make no computer two, nor its short name ambiguous; two domains do."""
    one, other = enrolled("srv"), enrolled("b")
    ship(server, one, [sealed("password", {"password.min_length": 16})], NOW)
    for twin in (one, other):
        _tell(server, twin.observes("directory.corp", "ad"), computer("pc.corp.example", NOW))
    computers = _listed(server).computers
    assert [("pc.corp.example", "without_agent")] == [(each.dns_name, each.answer) for each in computers]
    two = [computer("srv.a.example", NOW), computer("srv.c.example", NOW, enabled=False)]
    _tell(server, one.observes("directory.two", "ad"), *two)
    # The host is called srv.example: neither of both domains.
    assert "in_doubt" == _answers(_listed(server))["srv.a.example"]


def test_short_name(server: InProcess, twin: Twin) -> None:
    """A host without a domain is the one computer of its short name; a disabled one may be meant as well."""
    corp = twin.observes("directory.corp", "ad")
    ship(server, twin.observes("host.srv", "linux"), [sealed("password", {"password.min_length": 16})], NOW)
    _tell(server, corp, computer("srv.a.example", NOW))
    assert {"srv.a.example": "observed"} == _answers(_listed(server))
    _tell(server, corp, computer("srv.a.example", NOW), computer("srv.c.example", NOW, enabled=False))
    assert {"srv.a.example": "in_doubt"} == _answers(_listed(server))
    # The directory cuts the account's name of a long one.
    ship(server, twin.observes("host.warehouse-scale-7", "linux"), [sealed("password", {})], NOW)
    _tell(server, corp, computer("warehouse-scale-7.example", NOW, name="WAREHOUSE-SCALE"))
    assert {"warehouse-scale-7.example": "observed"} == _answers(_listed(server))


@pytest.mark.parametrize("lapse", ["stale", "not_told", "malformed", "quarantined"])
def test_unknown(server: InProcess, clock: Clock, twin: Twin, lapse: str) -> None:
    """A directory that is old, could not be read or told nonsense is unknown: no computer of it is shown as known."""
    corp = twin.observes("directory.corp", "ad")
    _tell(server, corp, computer("pc.example", NOW))
    assert 1 == _listed(server).counts.without_agent
    if lapse == "stale":
        clock.forward(days=8)
    elif lapse == "not_told":
        ship(server, corp, [sealed("directory_ad", {}, {"directory.computers": "permission_denied"})], NOW)
    elif lapse == "malformed":
        ship(server, corp, [sealed("directory_ad", {"directory.computers": [{"name": 7}]})], NOW)
    else:
        corp.sequence, corp.previous = 0, None
        assert 200 != corp.ship(server, corp.report(trigger="manual")).status
    found = _listed(server)
    assert [lapse if lapse != "not_told" else "permission_denied"] == [
        each.problem for each in found.directories
    ]
    assert ((), 1) == (found.computers, found.counts.unknown_directories)


def test_told_twice(server: InProcess, twin: Twin) -> None:
    """A fact that two sections tell is none, as in judging."""
    corp = twin.observes("directory.corp", "ad")
    told: dict[str, Json] = {"directory.computers": [computer("pc.example", NOW)]}
    ship(server, corp, [sealed("directory_ad", told), sealed("directory", told)], NOW)
    assert ["malformed"] == [each.problem for each in _listed(server).directories]


def test_revoked_observer(server: InProcess, twin: Twin) -> None:
    """What a revoked host observed is neither expected nor unknown."""
    _tell(server, twin.observes("directory.corp", "ad"), computer("pc.example", NOW))
    _decide(server.home, hosts.revoke, twin.host_id)
    assert Listed((), (), 104) == _listed(server)
