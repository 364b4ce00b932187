"""Users of the tenants and the hosts' accounts of their names: who gets in with one factor, and what nobody knows."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from config.canonical import Json
from server import accounts, database
from server.accounts import Accounts, User
from tests.server.twin import NOW, Clock, InProcess, Twin
from tests.server.web import company
from tests.server.web.company import logins, sealed, ship

MADE: Callable[..., Json] = company.user
OPEN: list[Json] = ["ssh: password"]


def _joined(server: InProcess) -> Accounts:
    connection = database.connect(server.home.database)
    try:
        return accounts.joined(connection, server.clock())
    finally:
        connection.close()


def _told(server: InProcess) -> dict[str, User]:
    return {each.name: each for each in _joined(server).users}


def _tenant(server: InProcess, twin: Twin, *users: Json, name: str = "corp") -> Twin:
    tenant = twin.observes(f"tenant.{name}", "entra")
    ship(server, tenant, [sealed("tenant_entra", {"tenant.users": [*users]})], server.clock())
    return tenant


@pytest.mark.parametrize(
    ("demanded", "registered", "account", "answer"),
    [
        (True, True, ("maria", [], []), "two_factors"),
        (True, True, ("MARIA", OPEN, []), "one_factor"),
        (True, True, ("CORP\\maria", OPEN, []), "one_factor"),
        (True, True, ("maria@Example.com", OPEN, []), "one_factor"),
        (True, True, ("maria@other.example", OPEN, []), "two_factors"),
        (True, True, ("marias", OPEN, []), "two_factors"),
        (True, True, ("maria", [], ["ssh: timeout"]), "unknown"),
        (False, True, ("maria", [], []), "one_factor"),
        (None, True, ("maria", [], []), "unknown"),
        (True, None, ("maria", [], []), "unknown"),
        (True, False, ("maria", [], []), "unregistered"),
        # The worst stands, whatever else is unknown.
        (None, None, ("maria", OPEN, []), "one_factor"),
        (None, False, ("maria", [], ["ssh: timeout"]), "unregistered"),
    ],
)
def test_answer(
    server: InProcess,
    twin: Twin,
    demanded: bool | None,
    registered: bool | None,
    account: tuple[str, list[Json], list[Json]],
    answer: str,
) -> None:
    """One factor is enough at the provider or on a host; two factors are believed only where all is known."""
    ship(server, twin, logins(account, ("root", [], [])), NOW)
    _tenant(server, twin, MADE("maria@example.com", demanded, registered))
    (user,) = _told(server).values()
    assert answer == user.answer
    assert bool(user.why) == (answer != "two_factors")


def test_several_of_a_name(server: InProcess, twin: Twin) -> None:
    """An account that two users may have is in doubt at both, in one tenant or two; a full name is not."""
    ship(server, twin, logins(("li", OPEN, []), ("li@a.example", OPEN, [])), NOW)
    _tenant(server, twin, MADE("li@a.example"), MADE("tom@a.example"))
    # The same user in another tenant is no other user.
    _tenant(server, twin, MADE("Li@a.example"), name="again")
    assert "one_factor" == _told(server)["li@a.example"].answer
    assert not any(each.in_doubt for each in _told(server)["li@a.example"].logins)
    _tenant(server, twin, MADE("li@b.example"), name="other")
    told = _told(server)
    assert {"li": True, "li@a.example": False} == {
        each.account: each.in_doubt for each in told["li@a.example"].logins
    }
    assert ("unknown", [True]) == (
        told["li@b.example"].answer,
        [each.in_doubt for each in told["li@b.example"].logins],
    )
    assert "two_factors" == told["tom@a.example"].answer


@pytest.mark.parametrize("lapse", ["joined", "unsaid", "missing", "stale", "never"])
def test_hosts_that_hide_accounts(
    server: InProcess, clock: Clock, enrolled: Callable[..., Twin], lapse: str
) -> None:
    """Where a host's accounts are not known, or come from a directory too, nobody is said to get in nowhere."""
    good, other = enrolled("good"), enrolled("other")
    if lapse == "joined":
        ship(server, other, logins(("root", [], []), joined=True), NOW)
    elif lapse == "unsaid":
        ship(server, other, logins(("root", [], []))[:1], NOW)
    elif lapse == "missing":
        ship(server, other, [sealed("login_paths", {}, {"login_paths.users": "permission_denied"})], NOW)
    elif lapse == "stale":
        ship(server, other, logins(("maria", [], [])), NOW - timedelta(days=6))
        clock.forward(days=3)
    ship(server, good, logins(("root", [], [])), server.clock())
    _tenant(server, good, MADE("maria@example.com"))
    found = _joined(server)
    reason = {"joined": "directory_users", "unsaid": "directory_users", "missing": "permission_denied"}.get(
        lapse, lapse
    )
    assert [("other", reason)] == [(each.host_id, each.why) for each in found.unseen]
    assert ["unknown"] == [each.answer for each in found.users]
    assert {"one_factor": 0, "unregistered": 0, "unknown": 1, "two_factors": 0} == found.counts


def test_unknown_tenant(server: InProcess, clock: Clock, twin: Twin) -> None:
    """A tenant that is old or could not be read shows no users as known; a hidden list of gaps is not an empty one."""
    ship(server, twin, logins(("root", [], [])), NOW)
    tenant = _tenant(server, twin, MADE("maria@example.com"))
    assert [("", None)] == [(each.problem, each.gaps) for each in _joined(server).tenants]
    missing = {"tenant.users": "permission_denied", "tenant.demand_gaps": "permission_denied"}
    ship(server, tenant, [sealed("tenant_entra", {}, missing)], NOW)
    assert ["permission_denied"] == [each.problem for each in _joined(server).tenants]
    _tenant_again = sealed("tenant_entra", {"tenant.users": [MADE("maria@example.com")]})
    ship(server, tenant, [_tenant_again], NOW)
    clock.forward(days=8)
    found = _joined(server)
    assert (["stale"], ()) == ([each.problem for each in found.tenants], found.users)


def test_order_and_hosts_observed(server: InProcess, twin: Twin) -> None:
    """Administrators stand before others; a host that is observed over SSH opens logins as any other."""
    web = twin.observes("host.web", "linux")
    for each in (twin, web):
        ship(server, each, logins(("zoe", OPEN, []), ("ben", [], [])), NOW)
    _tenant(
        server,
        twin,
        MADE("ben@x.example"),
        MADE("anna@x.example", False),
        MADE("zoe@x.example", administrator=True),
    )
    found = _joined(server)
    assert ["zoe@x.example", "anna@x.example", "ben@x.example"] == [each.name for each in found.users]
    assert {"twin-1", web.host_id} == {each.host_id for each in found.users[0].logins}
    assert "on 2 hosts" in found.users[0].why
