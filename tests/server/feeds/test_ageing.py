"""A feed's age turns answers by itself, and a newer feed turns them back; what was judged before stays provable."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import bundle, bundle_check, canonical
from config.canonical import Json
from server import adoption, database, export, fleet, ledger, verdicts
from server.feeds import adopted, listing
from server.feeds.reading import Reduced
from server.home import Home
from tests.server.twin import NOW, Clock, InProcess, Twin, rows, section_bytes

CHECK = "updates.no-known-exploited.v1"
PUBLISHED = NOW - timedelta(days=1)


def adopt(home: Home, cve: str, published: datetime = PUBLISHED, now: datetime = NOW) -> None:
    """Bring a list with one hole on it into force."""
    hole: Any = {cve: {"added_on": "2026-11-01", "due_on": None, "ransomware": False}}
    at = canonical.encode_time(published)
    data = canonical.encode({"format": "kev.v1", "published_at": at, "cves": hole})
    connection = database.connect(home.database)
    with ledger.entering(connection, ledger.hand(home), now) as entries:
        adopted.adopt(entries, Reduced("kev", "x", at, data, ""), "0" * 64)
    connection.close()


def waiting(then: datetime) -> list[bytes]:
    """The sections of a host on which one update waits."""
    update: Mapping[str, Json] = {
        "name": "sudo",
        "source_package": "sudo",
        "installed": "1.9.5p2-3",
        "available": "1.9.5p2-3+deb11u1",
        "advisories": ["CVE-2021-3156"],
    }
    told: dict[str, Json] = {
        "updates.pending_security": [dict(update)],
        "updates.lists_refreshed_at": canonical.encode_time(then),
    }
    return [section_bytes("updates", told), section_bytes("os", {"os.id": "debian", "os.version": "11"})]


def answer(home: Home) -> tuple[str, str]:
    """The cached answer and its reason."""
    return rows(home, "SELECT answer, reason FROM verdict WHERE check_id=?", CHECK)[0]


def _due(home: Home, moment: datetime) -> int:
    connection = database.connect(home.database)
    try:
        return len(verdicts.due(connection, moment, 9))
    finally:
        connection.close()


@pytest.fixture
def limit(home: Home) -> timedelta:
    """How old the list may be."""
    connection = database.connect(home.database)
    days = listing.max_age_days(adoption.rules(connection), "kev")
    connection.close()
    assert days is not None
    return timedelta(days=days)


def test_too_old(server: InProcess, twin: Twin, clock: Clock, limit: timedelta) -> None:
    """A pass holds until the second in which the list is too old; then the host is due, and its answer unknown."""
    adopt(server.home, "CVE-2000-0001")
    clock.now = PUBLISHED + limit - timedelta(hours=1)
    twin.ship(server, twin.report(waiting(clock()), clock()))
    server.settle()
    clock.forward(hours=1)
    assert ("pass", 0) == (answer(server.home)[0], _due(server.home, clock()))
    clock.forward(seconds=1)
    assert 1 == _due(server.home, clock())
    server.settle()
    assert ("unknown", "stale") == answer(server.home)
    adopt(server.home, "CVE-2000-0002", clock() - timedelta(hours=2), clock())
    server.settle()
    assert "pass" == answer(server.home)[0]


def test_a_match_is_one_at_any_age(server: InProcess, twin: Twin, clock: Clock, limit: timedelta) -> None:
    """A hole on an old list is one all the same."""
    adopt(server.home, "CVE-2021-3156")
    clock.now = PUBLISHED + limit * 3
    twin.ship(server, twin.report(waiting(clock()), clock()))
    server.settle()
    assert "fail" == answer(server.home)[0]


def test_rebuilt(server: InProcess, twin: Twin) -> None:
    """Verdicts dropped and rebuilt are the same, feeds included."""
    adopt(server.home, "CVE-2021-3156")
    twin.ship(server, twin.report(waiting(NOW), NOW))
    server.settle()
    before = rows(server.home, "SELECT check_id, answer, detail, sources FROM verdict ORDER BY 1")
    assert "feed kev of 2026-11-23" in str(before)
    rows(server.home, "DELETE FROM verdict")
    connection = database.connect(server.home.database)
    assert verdicts.rebuild(connection, NOW) > 0
    assert before == rows(server.home, "SELECT check_id, answer, detail, sources FROM verdict ORDER BY 1")
    facts = {each.name: each for each in fleet.host(connection, twin.host_id, NOW).facts}
    connection.close()
    assert "CVE-2021-3156" in str(facts["updates.known_exploited"].value)


def test_bundle(server: InProcess, twin: Twin, clock: Clock) -> None:
    """A bundle holds the feeds of its moment, and proves by them; one of before the import is as it was."""
    twin.ship(server, twin.report(waiting(NOW), NOW))
    before = _export(server.home, clock())
    clock.forward(days=1)
    adopt(server.home, "CVE-2021-3156", now=clock())
    after = _export(server.home, clock())
    assert before.data == _export(server.home, NOW).data
    for each in (before, after):
        assert bundle_check.check(each.data, each.server_key_id).ok
    opened = [bundle.OpenBundle(each.data) for each in (before, after)]
    assert [["feeds/eol.json", "feeds/kev.json"]] * 2 == [each.names("feeds") for each in opened]
    assert opened[0].read("feeds/kev.json") != opened[1].read("feeds/kev.json")


def _export(home: Home, moment: datetime) -> export.Exported:
    connection = database.connect(home.database)
    try:
        return export.build(home, connection, moment)
    finally:
        connection.close()


def test_read(server: InProcess, twin: Twin, clock: Clock) -> None:
    """The page for reading names the feeds, and an exploited hole before everything else."""
    adopt(server.home, "CVE-2021-3156")
    twin.ship(server, twin.report(waiting(NOW), NOW))
    page = bundle.OpenBundle(_export(server.home, clock()).data).read("report.html").decode()
    assert "feeds kev of 2026-11-23, eol of" in page
    assert f"A hole that attackers are known to use: {twin.host_id}.example, " in page.partition("<table>")[0]
