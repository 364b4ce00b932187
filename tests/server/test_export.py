"""Bundles as the server writes them, checked as an auditor checks them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from config import bundle_check
from config.errors import InputError
from server import database, export, hosts, ledger
from server.home import Home
from tests.server.twin import NOW, Clock, InProcess, Twin, new_token, section_bytes


def _export(home: Home, moment: datetime = NOW, latest_only: bool = False) -> export.Exported:
    connection = database.connect(home.database)
    try:
        return export.build(home, connection, moment, latest_only)
    finally:
        connection.close()


@pytest.fixture
def fleet(server: InProcess, enrolled: Callable[..., Twin], clock: Clock) -> InProcess:
    """Hosts of every state: active, silent, quarantined, released, revoked, with a loss in a chain."""
    twins = {name: enrolled(name) for name in ("good", "silent", "cloned", "released", "gone", "lossy")}
    for name in ("good", "cloned", "released", "gone", "lossy"):
        twins[name].ship(server)
    for name in ("cloned", "released"):
        twins[name].ship(server, twins[name].report(sequence=1, previous=None, trigger="manual"))
    lossy = twins["lossy"]
    lossy.ship(server, lossy.loss("0" * 64))
    connection = database.connect(server.home.database)
    with ledger.entering(connection, ledger.hand(server.home), clock()) as entries:
        hosts.revoke(entries, "gone", "sold")
        hosts.release(entries, "released", "reinstalled")
    connection.close()
    for _ in range(3):
        clock.forward(days=1)
        twins["good"].ship(server, twins["good"].report(finished_at=clock()))
    twins["lossy"].ship(
        server, twins["lossy"].report([section_bytes(facts={"password.min_length": 4})], clock())
    )
    return server


@pytest.mark.parametrize("latest_only", [False, True])
def test_bundle_checks_out(fleet: InProcess, clock: Clock, latest_only: bool) -> None:
    """The auditor's check proves every statement and finds every verdict again."""
    exported = _export(fleet.home, clock(), latest_only)
    checked = bundle_check.check(exported.data, exported.server_key_id)
    assert checked.ok, checked
    assert 6 == exported.hosts
    assert (5 if latest_only else 9) == exported.reports


def test_bundle_is_the_same_again(fleet: InProcess, clock: Clock) -> None:
    """A moment gives the same bytes, whatever came in later."""
    first = _export(fleet.home, clock())
    assert first.data == _export(fleet.home, clock()).data
    past = clock()
    clock.forward(days=2)
    assert 201 == Twin("late").enrol(fleet, new_token(fleet.home, clock())).status
    assert first.data == _export(fleet.home, past).data
    later = _export(fleet.home, clock())
    assert first.tree_size + 1 == later.tree_size
    assert bundle_check.check(later.data, later.server_key_id).ok


def test_bundle_of_the_past(fleet: InProcess) -> None:
    """A bundle of a moment in the past holds the log as it was then."""
    exported = _export(fleet.home, NOW + timedelta(days=1))
    checked = bundle_check.check(exported.data, exported.server_key_id)
    assert checked.ok
    assert 6 == exported.reports
    with pytest.raises(InputError, match="moment_too_early"):
        _export(fleet.home, NOW - timedelta(days=1))
