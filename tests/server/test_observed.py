"""What hosts observe: chains, verdicts and pages of its own, under the observer's key and state."""

import sqlite3
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connections

from config import bundle_check
from config.errors import InputError
from config.rejudge import Rules
from config.standing import CheckStanding
from server import (
    adoption,
    coverage,
    database,
    export,
    fleet,
    founding,
    hosts,
    kinds,
    posture,
    roster,
    verdicts,
)
from server.home import Home
from server.store import schema
from tests.server.test_chain import _decide
from tests.server.twin import NOW, InProcess, Twin, new_token, rows, section_bytes
from tests.server.unharmed import intact, unharmed


def _seen(server: InProcess, look: Callable[..., object]) -> object:
    connection = database.connect(server.home.database)
    try:
        return look(connection, NOW)
    finally:
        connection.close()


def _states(server: InProcess) -> dict[str, str]:
    return dict(rows(server.home, "SELECT host_id, state FROM host"))


def test_chains(server: InProcess, twin: Twin) -> None:
    """Each subject has its own chain, which begins with its first report; no enrolment is needed."""
    web, switch = twin.observes("host.web", "linux"), twin.observes("device.switch", "device")
    with unharmed(server, twin):
        for each in (web, switch, web, twin, web):
            answer = each.ship(server)
            assert (200, "accepted") == (answer.status, answer.body["status"])
        sql = "SELECT host_id, hostname, kind, observer, last_sequence FROM host ORDER BY host_id"
        assert [
            ("twin-1", "twin-1.example", "host", "", 2),
            ("twin-1~device.switch", "switch", "device", "twin-1", 1),
            ("twin-1~host.web", "web", "host", "twin-1", 3),
        ] == rows(server.home, sql)
    assert 3 == intact(server.home).hosts


def test_repeats_and_losses(server: InProcess, twin: Twin) -> None:
    """A subject's chain takes repeats and losses as a host's does."""
    web = twin.observes("host.web", "linux")
    with unharmed(server, twin):
        said = web.report()
        assert 200 == web.ship(server, said).status
        again = server.request("POST", "/api/v1/reports", web.body(said))
        assert "already_here" == again.body["status"]
        assert 200 == web.ship(server, web.loss("0" * 64)).status
        assert 200 == web.ship(server).status
        # Its sections are its own: the same bytes under another subject are asked for.
        other = twin.observes("host.other", "linux")
        assert "sections_missing" == other.ship(server, other.report(), []).code


def test_verdicts(server: InProcess, twin: Twin) -> None:
    """A subject is asked what its platform can answer, nothing else, by its own facts; coverage counts hosts."""
    web, switch = twin.observes("host.web", "linux"), twin.observes("device.switch", "device")
    twin.ship(server)
    before = _seen(server, fleet.overview)
    web.ship(server, web.report([section_bytes(facts={"password.min_length": 4})]))
    switch.ship(server)
    overview = _seen(server, fleet.overview)
    assert isinstance(before, fleet.Overview)
    assert isinstance(overview, fleet.Overview)
    assert before.coverage == overview.coverage
    counted = {row.check: row for row in _checks(overview)}
    was = {row.check: row for row in _checks(before)}
    long = "password.min-length.v1"
    assert (was[long].passed, was[long].failed + 1) == (counted[long].passed, counted[long].failed)
    asked = rows(server.home, "SELECT count(*) FROM verdict WHERE host_id=?", web.host_id)[0][0]
    assert rows(server.home, "SELECT count(*) FROM verdict WHERE host_id='twin-1'") == [(asked,)]
    view = _seen(server, lambda connection, now: fleet.host(connection, switch.host_id, now))
    assert isinstance(view, fleet.HostView)
    assert ("device", "twin-1", "device") == (view.host.kind, view.host.observer, view.host.platform)
    assert _asked(server, "device") == {row.check for row in view.verdicts}
    assert view.standing.criteria


def test_due(server: InProcess, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subject that is not judged yet is unknown to the checks that ask its platform, and to no others."""
    switch = twin.observes("device.switch", "device")
    twin.ship(server)
    server.settle()
    switch.ship(server)
    server.settle()
    settled = _seen(server, fleet.overview)
    connection = database.connect(server.home.database)
    try:
        with database.writing(connection):
            connection.execute("UPDATE host SET fresh_until='' WHERE host_id=?", (switch.host_id,))
        # Nobody may judge here: what is shown is what is kept, put right.
        monkeypatch.setattr(fleet, "SWEEP_AT_READ_HOSTS", 0)
        shown = fleet.overview(connection, NOW)
        assert 0 == coverage.coverage(connection, NOW).due
        assert [switch.host_id] == verdicts.due(connection, NOW, 9)
    finally:
        connection.close()
    assert isinstance(settled, fleet.Overview)
    asked = _asked(server, "device")
    for was, now in zip(_checks(settled), _checks(shown), strict=True):
        assert now.unknown == was.unknown or was.check in asked


def test_state_is_the_observers(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """A fork in a subject's chain quarantines its observer with all it observes; release and revocation likewise."""
    good, cloned = enrolled("good"), enrolled("cloned")
    web, switch = cloned.observes("host.web", "linux"), cloned.observes("device.switch", "device")
    with unharmed(server, good):
        assert [200] * 3 == [each.ship(server).status for each in (cloned, web, switch)]
        answer = web.ship(server, web.report(sequence=1, previous=None, trigger="manual"))
        assert (409, "sequence_fork") == (answer.status, answer.code)
        assert {"cloned", web.host_id, switch.host_id} == {
            name for name, state in _states(server).items() if state == "quarantined"
        }
        assert ["host_quarantined"] * 3 == [each.ship(server).code for each in (cloned, web, switch)]
        server.settle()
        sql = "SELECT DISTINCT answer FROM verdict WHERE host_id<>'good'"
        assert [("unknown",)] == rows(server.home, sql)
        _decide(server.home, hosts.release, "cloned")
        assert [200] * 3 == [each.ship(server).status for each in (cloned, web, switch)]
        _decide(server.home, hosts.revoke, "cloned")
        assert ["host_revoked"] * 3 == [each.ship(server).code for each in (cloned, web, switch)]
        assert [] == rows(server.home, "SELECT * FROM verdict WHERE host_id<>'good'")


@pytest.mark.parametrize("decision", [hosts.revoke, hosts.release])
def test_no_decision_about_a_subject(
    server: InProcess, twin: Twin, decision: Callable[..., hosts.Host]
) -> None:
    """An administrator decides about the observer: its key is what is believed."""
    with unharmed(server, twin):
        twin.observes("device.switch", "device").ship(server)
        with pytest.raises(InputError, match="host_observed"):
            _decide(server.home, decision, "switch")


def test_nobody_speaks_for_anothers(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """A host's key signs nothing for a subject that another observes, and nobody enrols under such a name."""
    good, other = enrolled("good"), enrolled("other")
    with unharmed(server, good):
        theirs = good.observes("device.switch", "device")
        assert 200 == theirs.ship(server).status
        stolen = other.observes("device.switch", "device")
        stolen.host_id = theirs.host_id
        assert "wrong_subject" == stolen.ship(server).code
        stolen.observer = "good"
        assert "wrong_observer" == stolen.ship(server).code
        assert [(1,)] == rows(server.home, "SELECT last_sequence FROM host WHERE host_id=?", theirs.host_id)


def test_too_many(server: InProcess, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host fills the server with subjects up to a limit; those it has go on."""
    monkeypatch.setattr(hosts, "SUBJECTS_PER_OBSERVER_MAX", 2)
    with unharmed(server, twin):
        first, second, third = (twin.observes(f"device.{name}", "device") for name in "abc")
        assert [200, 200] == [each.ship(server).status for each in (first, second)]
        answer = third.ship(server)
        assert (403, "subjects_too_many") == (answer.status, answer.code)
        assert 200 == first.ship(server).status


def test_bundle_and_rebuild(server: InProcess, twin: Twin) -> None:
    """The auditor finds the same verdicts of hosts and of what they observe; rebuilding changes none."""
    web, switch = twin.observes("host.web", "linux"), twin.observes("device.switch", "device")
    for each in (twin, web, switch, web):
        assert 200 == each.ship(server).status
    server.settle()
    connection = database.connect(server.home.database)
    try:
        assert 0 == verdicts.rebuild(connection, NOW)
        for latest_only in (False, True):
            made = export.build(server.home, connection, NOW, latest_only)
            assert (1, 2) == (made.hosts, made.observed)
            checked = bundle_check.check(made.data, made.server_key_id)
            assert checked.ok
            assert (1, 2) == (checked.counts["hosts"], checked.counts["observed"])
            assert fleet.overview(connection, NOW).standing == checked.standing
        assert [web.host_id] == [
            each.host.host_id for each in roster.page(connection, NOW, "web", "observed", "")
        ]
        assert ["twin-1"] == [
            each.host.host_id for each in roster.page(connection, NOW, "", "last_night", "")
        ]
    finally:
        connection.close()


def test_older_home(home: Home) -> None:
    """A home of before there were subjects is brought up to date with all that it keeps."""
    server = InProcess(home, lambda: NOW)
    twin = Twin()
    twin.enrol(server, new_token(home))
    assert 200 == twin.ship(server).status
    server.close()
    founding.set_up_django(None)
    _migrate(home, "0001_tables")
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        rows(home, "SELECT observer FROM host")
    schema.create(home.database)
    sql = "SELECT host_id, kind, observer, short_name FROM host"
    assert [("twin-1", "host", "", "twin-1")] == rows(home, sql)
    server = InProcess(home, lambda: NOW)
    assert 200 == twin.observes("device.switch", "device").ship(server).status
    server.close()
    intact(home)


def _migrate(home: Home, to: str) -> None:
    """Take the tables back to how an earlier version had them."""
    connections.settings["older"] = {**connections.settings["default"], "NAME": str(home.database)}
    try:
        call_command("migrate", "store", to, database="older", verbosity=0)
    finally:
        connections["older"].close()
        del connections["older"]
        del connections.settings["older"]


def _asked(server: InProcess, platform: str) -> set[str]:
    rules = _seen(server, lambda connection, now: adoption.rules(connection))
    assert isinstance(rules, Rules)
    return {each.id for each in rules.catalogue.checks.values() if platform in each.asks}


def _checks(overview: fleet.Overview) -> list[CheckStanding]:
    return [check for one in overview.standing.criteria for part in one.parts for check in part.checks]


def test_called(server: InProcess, twin: Twin) -> None:
    """What is to be done names what it is to be done about: hosts, a directory, a mail domain, each for itself."""
    corp, mail = twin.observes("directory.corp", "ad"), twin.observes("network.example.com", "mail")
    short = [section_bytes(facts={"password.min_length": 4})]
    for each in (twin, twin.observes("host.web", "linux"), corp):
        each.ship(server, each.report(short))
    for each in (mail, twin.observes("network.example.org", "mail")):
        each.ship(server)
    server.settle()
    rows_ = {row.standing.id: row.next for row in _shown(server).rows}
    assert rows_["4.8"] is not None
    assert rows_["4.8"].text.startswith("Fix 2 hosts and 1 directory so that a new password")
    spoofed = "spoofing.spf-refuses-others.v1"
    said = _seen(server, lambda connection, now: kinds.called(connection, now)(spoofed, "unknown", 1))
    assert "1 mail domain" == said
    # More than are counted are never told of.
    said = _seen(server, lambda connection, now: kinds.called(connection, now)(spoofed, "unknown", 3))
    assert "1 host and 2 mail domains" == said


def _shown(server: InProcess) -> posture.Posture:
    shown = _seen(server, posture.posture)
    assert isinstance(shown, posture.Posture)
    return shown
