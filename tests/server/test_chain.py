"""A host's chain: repeats, forks, gaps, losses, revocation, and many writers at once."""

from collections.abc import Callable, Iterator

import pytest

from config import keys, statement
from server import database, hosts, ledger
from server.home import Home
from tests.server.twin import FOUNDED, NOW, InProcess, Twin, rows
from tests.server.unharmed import intact, unharmed


def _decide(home: Home, decision: Callable[..., hosts.Host], name: str) -> hosts.Host:
    connection = database.connect(home.database)
    try:
        with ledger.entering(connection, ledger.hand(home), NOW) as entries:
            return decision(entries, name, "the test wants it")
    finally:
        connection.close()


def _state(home: Home, host_id: str) -> str:
    return str(rows(home, "SELECT state FROM host WHERE host_id=?", host_id)[0][0])


def _digest(said: statement.Statement) -> str:
    return statement.digest(statement.encode(said))


def test_chain(server: InProcess, twin: Twin) -> None:
    """Each report extends the chain, and each receipt the log that the agent knows."""
    for number in range(1, 6):
        answer = twin.ship(server)
        assert (200, "accepted") == (answer.status, answer.body["status"])
        assert [(number,)] == rows(server.home, "SELECT last_sequence FROM host")
    assert twin.known is not None
    assert FOUNDED + 1 + 5 == twin.known.size
    intact(server.home)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_algorithm(server: InProcess, enrolled: Callable[..., Twin], algorithm: str) -> None:
    """Both kinds of keys are taken."""
    assert 200 == enrolled("any", algorithm=algorithm).ship(server).status


def test_repeated_same_bytes(server: InProcess, twin: Twin) -> None:
    """The same bytes again are success, with a fresh receipt and nothing stored twice."""
    with unharmed(server, twin):
        said = twin.report()
        first = twin.ship(server, said)
        twin.ship(server)
        before = rows(server.home, "SELECT * FROM statement")
        again = server.request("POST", "/api/v1/reports", twin.body(said), {"boltseal-tree-size": "4"})
        assert (200, "already_here") == (again.status, again.body["status"])
        assert first.body["receipt"]["leaf_index"] == again.body["receipt"]["leaf_index"]
        twin.known = None
        twin.check(server, said, again)
        assert before == rows(server.home, "SELECT * FROM statement")


def test_repeated_in_another_envelope(server: InProcess, twin: Twin) -> None:
    """A report is known by its payload: another spelling of its envelope is the same report."""
    with unharmed(server, twin):
        said = twin.report()
        assert 200 == twin.ship(server, said).status
        spelt = twin.body(said).replace(b'\\"payloadType\\"', b' \\"payloadType\\"')
        assert "already_here" == server.request("POST", "/api/v1/reports", spelt).body["status"]


@pytest.mark.parametrize("back", [0, 1, 3])
def test_repeated_other_bytes(server: InProcess, enrolled: Callable[..., Twin], back: int) -> None:
    """A second chain under one key: both sides are kept, the log says so, and the host is quarantined."""
    good, cloned = enrolled("good"), enrolled("cloned")
    with unharmed(server, good):
        chain = []
        for _ in range(4):
            chain.append(cloned.report())
            assert 200 == cloned.ship(server, chain[-1]).status
        held = chain[3 - back]
        number, previous = 4 - back, chain[2 - back] if back < 3 else None
        shown = cloned.report(
            sequence=number, previous=_digest(previous) if previous else None, trigger="manual"
        )
        answer = server.request("POST", "/api/v1/reports", cloned.body(shown))
        assert (409, "sequence_fork") == (answer.status, answer.code)
        assert "quarantined" == _state(server.home, "cloned")
        _, fork = next(_kind(server.home, "fork"))
        told = (number, _digest(held), _digest(shown))
        assert told == tuple(fork.predicate[name] for name in ("sequence", "held_sha256", "shown_sha256"))
        assert [(_digest(shown),)] == rows(server.home, "SELECT sha256 FROM fork_envelope")
        assert "host_quarantined" == cloned.ship(server).code
        again = server.request("POST", "/api/v1/reports", cloned.body(held))
        assert "already_here" == again.body["status"]
        server.settle()
        assert [("unknown", "quarantined")] == rows(
            server.home, "SELECT DISTINCT answer, reason FROM verdict WHERE host_id='cloned'"
        )
        assert 1 == len(list(_kind(server.home, "fork")))


def test_other_previous(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """The right number after another history is a fork, too."""
    good, cloned = enrolled("good"), enrolled("cloned")
    with unharmed(server, good):
        cloned.ship(server)
        answer = cloned.ship(server, cloned.report(previous="0" * 64))
        assert (409, "sequence_fork") == (answer.status, answer.code)
        assert "quarantined" == _state(server.home, "cloned")


def test_release(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """An administrator's release lets the chain go on from the head that is held, and the log says why."""
    good, cloned = enrolled("good"), enrolled("cloned")
    with unharmed(server, good):
        cloned.ship(server)
        cloned.ship(server, cloned.report(sequence=1, previous=None, trigger="manual"))
        assert "active" == _decide(server.home, hosts.release, "cloned").state
        assert 200 == cloned.ship(server).status
        assert 1 == len(list(_kind(server.home, "release")))
        server.settle()
        sql = "SELECT count(*) FROM verdict WHERE host_id='cloned' AND reason='quarantined'"
        assert [(0,)] == rows(server.home, sql)


def test_revoked(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """A revoked host is not heard, leaves the standing, and its key cannot be enrolled again."""
    good, gone = enrolled("good"), enrolled("gone")
    with unharmed(server, good):
        assert 200 == gone.ship(server).status
        server.settle()
        assert "revoked" == _decide(server.home, hosts.revoke, "gone.example").state
        assert [(0,)] == rows(server.home, "SELECT count(*) FROM verdict WHERE host_id='gone'")
        answer = gone.ship(server)
        assert (403, "host_revoked") == (answer.status, answer.code)
        assert 1 == len(list(_kind(server.home, "revocation")))


def test_gap(server: InProcess, twin: Twin) -> None:
    """A report from beyond the next place is refused with the number that is expected."""
    with unharmed(server, twin):
        answer = server.request("POST", "/api/v1/reports", twin.body(twin.report(sequence=9)))
        assert (409, "sequence_gap", 2) == (answer.status, answer.code, answer.body["error"]["expected"])


def test_loss(server: InProcess, twin: Twin) -> None:
    """A loss takes the lost report's place; the chain goes on from what was lost."""
    with unharmed(server, twin):
        lost = twin.report()
        assert 200 == twin.ship(server, twin.loss(_digest(lost))).status
        assert _digest(lost) == twin.previous
        assert 200 == twin.ship(server).status


def test_loss_of_what_is_held(server: InProcess, twin: Twin) -> None:
    """A loss that names what the server has contradicts nothing: it is logged, the chain stays."""
    with unharmed(server, twin):
        held = twin.report()
        twin.ship(server, held)
        late = twin.loss(_digest(held), sequence=twin.sequence, previous=held.predicate["previous"])
        answer = server.request("POST", "/api/v1/reports", twin.body(late))
        assert (200, "accepted") == (answer.status, answer.body["status"])
        assert "active" == _state(server.home, twin.host_id)


def test_report_found_after_its_loss(server: InProcess, twin: Twin) -> None:
    """A report that turns up after all takes the place that its loss kept for it."""
    with unharmed(server, twin):
        lost = twin.report()
        twin.ship(server, twin.loss(_digest(lost)))
        answer = server.request("POST", "/api/v1/reports", twin.body(lost))
        assert (200, "accepted") == (answer.status, answer.body["status"])


def test_longer_log_known(server: InProcess, twin: Twin) -> None:
    """An agent that knows a longer log than ours gets a receipt that its own check refuses: that is its alarm."""
    said = twin.report()
    answer = server.request("POST", "/api/v1/reports", twin.body(said), {"boltseal-tree-size": "1000"})
    assert 200 == answer.status
    assert (1000, []) == tuple(answer.body["receipt"][name] for name in ("consistency_from", "consistency"))


def test_many_hosts_at_once(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """Reports that share a commit get receipts of their own, and a bad one among them harms none."""
    twins = [enrolled(f"host-{number}") for number in range(12)]
    said = [twin.report() for twin in twins]
    bodies = [twin.body(each) for twin, each in zip(twins, said, strict=True)]
    gap = twins[0].body(twins[0].report(sequence=7, previous="0" * 64))
    none: dict[str, str] = {}
    requests = [("POST", "/api/v1/reports", body, none) for body in (*bodies, gap, bodies[3])]
    *answers, refused, again = server.many(requests)
    for twin, each, answer in zip(twins, said, answers, strict=True):
        twin.check(server, each, answer)
    assert "sequence_gap" == refused.code
    assert "already_here" == again.body["status"]
    intact(server.home)


def test_command_beside_server(server: InProcess, enrolled: Callable[..., Twin]) -> None:
    """A command that appends while the server runs does not make a second log."""
    twin, gone = enrolled("one"), enrolled("gone")
    with unharmed(server, twin):
        twin.ship(server)
        _decide(server.home, hosts.revoke, "gone")
        assert 200 == twin.ship(server).status
    assert "revoked" == _state(server.home, gone.host_id)


def _kind(home: Home, kind: str) -> Iterator[tuple[int, statement.Statement]]:
    connection = database.connect(home.database)
    try:
        return iter(list(ledger.of_kind(connection, kind)))
    finally:
        connection.close()
