"""The cache of verdicts: exact, only changed rows written, never older than it seems."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from config import canonical, evaluate, feeds, section, shipped
from config.criterion import Check, Example
from config.standing import CheckStanding
from server import adoption, database, fleet, freshness, hosts, ledger, verdicts
from server.coverage import coverage
from server.database import Connection
from server.home import Home
from tests.server.twin import NOW, Clock, InProcess, Twin, rows, section_bytes

_ROWS = "SELECT * FROM verdict ORDER BY host_id, check_id"
_COUNTS = "SELECT * FROM verdict_count ORDER BY check_id, counted_as"
_WANTED = "SELECT check_id, counted_as, count(*) FROM verdict GROUP BY 1, 2 ORDER BY 1, 2"


@pytest.fixture
def connection(home: Home) -> Iterator[Connection]:
    """The test's own connection."""
    opened = database.connect(home.database)
    yield opened
    opened.close()


def _case() -> tuple[Check, bytes, bytes]:
    """A check, a section that passes it and one that fails it: examples of the catalogue."""
    for check in shipped.catalogue().checks.values():
        found = {each.verdict: each for each in check.examples if not each.missing and each.profile == "nist"}
        if not check.applies_when and {"pass", "fail"} <= found.keys():
            return check, section_bytes(facts=found["pass"].facts), section_bytes(facts=found["fail"].facts)
    raise AssertionError("no check has the examples that are needed")


CHECK, GOOD, POOR = _case()


def _answer(home: Home, host: str = "twin-1") -> str:
    sql = "SELECT answer FROM verdict WHERE host_id=? AND check_id=?"
    return str(rows(home, sql, host, CHECK.id)[0][0])


def test_verdicts_follow_reports(server: InProcess, twin: Twin) -> None:
    """A changed section changes the verdicts that rest on it, and no other row is written."""
    twin.ship(server, twin.report([GOOD]))
    server.settle()
    assert "pass" == _answer(server.home)
    before = rows(server.home, _ROWS)
    server.clock.forward(hours=1)  # type: ignore[attr-defined]
    twin.ship(server, twin.report([POOR]))
    server.settle()
    assert "fail" == _answer(server.home)
    changed = [row for row in rows(server.home, _ROWS) if row not in before]
    asked = {clause.fact for clause in (*CHECK.applies_when, *CHECK.clauses)}
    assert changed
    assert all(asked & _facts(str(check)) for _, check, *_ in changed)
    assert rows(server.home, _WANTED) == rows(server.home, _COUNTS)


def test_same_sections_are_not_judged_again(server: InProcess, twin: Twin, clock: Clock) -> None:
    """A night on which nothing changed costs no judging; the host stays fresh by its new report."""
    twin.ship(server, twin.report(finished_at=clock()))
    server.settle()
    before, until = rows(server.home, _ROWS), rows(server.home, "SELECT fresh_until FROM host")
    clock.forward(days=1)
    body = twin.body(twin.report(finished_at=clock()), [])
    assert 200 == server.request("POST", "/api/v1/reports", body).status
    assert rows(server.home, "SELECT fresh_until FROM host") > until
    assert before == rows(server.home, _ROWS)


def test_stale(server: InProcess, twin: Twin, clock: Clock, connection: Connection) -> None:
    """A host that was not heard of for longer than a week passes nothing any more."""
    twin.ship(server, twin.report([GOOD]))
    server.settle()
    assert "pass" == _answer(server.home)
    clock.forward(days=7, seconds=1)
    seen = fleet.overview(connection, clock())
    checks = _asked_of_linux(seen)
    assert 0 == sum(check.passed + check.failed + check.unknown + check.not_applicable for check in checks)
    assert {1} == {check.stale for check in checks}
    assert 1 == seen.coverage.missing
    twin.ship(server, twin.report([GOOD], clock()))
    server.settle()
    assert "pass" == _answer(server.home)


def test_due_counts_as_unknown(server: InProcess, twin: Twin, clock: Clock, connection: Connection) -> None:
    """While the cache can't be written, what is due counts as unknown, whatever its rows say."""
    twin.ship(server, twin.report([GOOD]))
    server.settle()
    clock.forward(days=8)
    connection.execute("PRAGMA busy_timeout=1")
    other = database.connect(server.home.database)
    other.execute("BEGIN IMMEDIATE")
    seen = fleet.overview(connection, clock())
    other.close()
    assert {(1, 0)} == {(check.unknown, check.passed) for check in _asked_of_linux(seen)}
    assert 1 == seen.coverage.due


def test_never_reported(server: InProcess, twin: Twin, connection: Connection) -> None:
    """An enrolled host that sent nothing yet is unknown, not left out."""
    seen = fleet.overview(connection, NOW)
    checks = [check for one in seen.standing.criteria for part in one.parts for check in part.checks]
    assert {1} == {check.unknown for check in checks}
    assert (1, 1, 0) == (seen.coverage.expected, seen.coverage.never, seen.coverage.reported)


def test_rebuild(
    server: InProcess, enrolled: Callable[..., Twin], clock: Clock, connection: Connection
) -> None:
    """Whatever happened to the cache, rebuilding it gives the same rows and the same counts."""
    for number, sealed in enumerate((GOOD, POOR, section_bytes())):
        twin = enrolled(f"host-{number}")
        twin.ship(server, twin.report([sealed]))
    enrolled("silent")
    enrolled("gone").ship(server)
    with ledger.entering(connection, ledger.hand(server.home), clock()) as entries:
        hosts.revoke(entries, "gone", "sold")
    server.settle()
    good = rows(server.home, _ROWS), rows(server.home, _COUNTS)
    assert 0 == verdicts.rebuild(connection, clock())
    assert good == (rows(server.home, _ROWS), rows(server.home, _COUNTS))
    connection.execute("UPDATE verdict SET answer='pass', counted_as='pass' WHERE answer='fail'")
    connection.execute("DELETE FROM verdict WHERE host_id='host-0'")
    connection.execute(
        "INSERT INTO verdict SELECT 'nobody', check_id, answer, reason, detail, observed, expected,"
        " origin, sources, waived_by, counted_as, changed_at, judged_at FROM verdict LIMIT 1"
    )
    connection.execute("UPDATE verdict_count SET hosts=hosts+7")
    assert 0 < verdicts.rebuild(connection, clock())
    assert good == (rows(server.home, _ROWS), rows(server.home, _COUNTS))
    connection.execute("DELETE FROM verdict")
    connection.execute("DELETE FROM verdict_count")
    verdicts.rebuild(connection, clock())
    assert good == (rows(server.home, _ROWS), rows(server.home, _COUNTS))


def test_pages_and_bundle_agree(server: InProcess, twin: Twin, connection: Connection) -> None:
    """The cached rows are what judging gives, field by field."""
    twin.ship(server, twin.report([POOR]))
    server.settle()
    rules = adoption.rules(connection)
    seen = feeds.derive(evaluate.evidence(twin.host_id, "linux", [section.decode(POOR)], NOW), rules.feeds)
    view = fleet.host(connection, twin.host_id, NOW)
    for judged, shown in zip(
        evaluate.judge(seen, rules.catalogue, rules.profile, NOW), view.verdicts, strict=True
    ):
        for name in ("check", "answer", "reason", "detail", "observed", "expected", "origin", "sources"):
            assert getattr(judged, name) == getattr(shown, name)


def _asked_of_linux(seen: fleet.Overview) -> list[CheckStanding]:
    """The checks that the twin gives answers to; of the others nothing is counted."""
    every = [check for one in seen.standing.criteria for part in one.parts for check in part.checks]
    asked = {each.id for each in shipped.catalogue().checks.values() if "linux" in each.asks}
    rest = [each for each in every if each.check not in asked]
    assert 0 == sum(each.passed + each.failed + each.unknown + each.stale for each in rest)
    return [each for each in every if each.check in asked]


def _facts(check_id: str) -> set[str]:
    check = shipped.catalogue().checks[check_id]
    return {clause.fact for clause in (*check.applies_when, *check.clauses)}


def _examples() -> list[tuple[Check, Example]]:
    return [(check, example) for check in shipped.catalogue().checks.values() for example in check.examples]


@pytest.mark.parametrize("days", [0, 1, 3, 6])
def test_freshness(days: int) -> None:
    """Until the moment that is promised, time alone changes no verdict: tried with every example of the catalogue."""
    catalogue, profile = shipped.catalogue(), shipped.profile()
    moved = 0
    for _, example in _examples():
        seen = evaluate.Evidence("h", "linux", example.facts, example.missing, {}, NOW)
        moment = NOW + timedelta(days=days)
        until = min(
            freshness.facts_until(seen, catalogue, profile, moment), freshness.report_until(NOW, moment)
        )
        end = canonical.decode_time(until)
        now = evaluate.judge(seen, catalogue, profile, moment)
        for later in (moment + (end - moment) / 2, end - timedelta(seconds=1)):
            assert now == evaluate.judge(seen, catalogue, profile, later.replace(microsecond=0))
        moved += now != evaluate.judge(seen, catalogue, profile, end)
    assert moved  # the promise is not simply too short


def test_clock_runs_backwards(server: InProcess, twin: Twin, clock: Clock, connection: Connection) -> None:
    """A server whose clock is set back shows nothing that is not true at its new time."""
    clock.forward(days=400)
    twin.ship(server, twin.report([GOOD], clock()))
    server.settle()
    assert "pass" == _answer(server.home)
    back = datetime.fromisoformat("2026-11-25T12:00:00Z")
    seen = fleet.overview(connection, back)
    checks = [check for one in seen.standing.criteria for part in one.parts for check in part.checks]
    assert 0 == sum(check.passed for check in checks)


@pytest.mark.parametrize(("days", "answer"), [(0, "pass"), (10, "unknown"), (-400, "unknown")])
def test_known_offset(server: InProcess, twin: Twin, clock: Clock, days: int, answer: str) -> None:
    """The same sections again, by a clock now known to be wrong, are judged again: they may be older than they say."""
    twin.ship(server, twin.report([GOOD], clock()))
    server.settle()
    assert "pass" == _answer(server.home)
    clock.forward(hours=1)
    offset = -days * 86_400_000 if days > 0 else 0
    said = twin.report([GOOD], clock() + timedelta(days=min(days, 0)), clock_offset_ms=offset)
    assert 200 == twin.ship(server, said).status
    server.settle()
    assert answer == _answer(server.home)


def test_clock_put_right(server: InProcess, twin: Twin, clock: Clock) -> None:
    """A host whose clock ran ahead, unknown to it, passes again with the first report by the right time."""
    twin.ship(server, twin.report([GOOD], clock() + timedelta(days=2)))
    server.settle()
    assert "unknown" == _answer(server.home)
    twin.ship(server, twin.report([GOOD], clock()))
    server.settle()
    assert "pass" == _answer(server.home)


def test_ahead_and_silent(server: InProcess, twin: Twin, clock: Clock, connection: Connection) -> None:
    """A host that reported from a year ahead and fell silent is missing after a week, by the server's clock."""
    twin.ship(server, twin.report([GOOD], clock() + timedelta(days=366)))
    assert (1, 0) == (
        coverage(connection, clock()).reported,
        coverage(connection, clock()).missing,
    )
    clock.forward(days=8)
    assert (0, 1) == (
        coverage(connection, clock()).reported,
        coverage(connection, clock()).missing,
    )
