"""Devices on the networks: known by whom, open what, changed since when."""

from contextlib import closing

import pytest

from server import adoption, database, known_devices, networks
from server.networks import Network
from tests.server.twin import NOW, Clock, InProcess, Twin
from tests.server.web import company
from tests.server.web.company import MAC, RANGE, sealed, seen, service, ship


def _listed(server: InProcess) -> list[Network]:
    connection = database.connect(server.home.database)
    try:
        return networks.listed(connection, server.clock())
    finally:
        connection.close()


def _scan(server: InProcess, subject: Twin, *addresses: str, **facts: object) -> None:
    told = {
        **RANGE,
        "exposure.hosts_seen": [seen(each) for each in addresses],
        "exposure.services": [],
        **facts,
    }
    ship(server, subject, [sealed("exposure_network", told)], NOW)  # type: ignore[arg-type]


def test_company(server: InProcess) -> None:
    """Strangers first, then what nobody can tell; an agent is known by hardware address, others by the list's entry."""
    company.fill(server, NOW)
    (found,) = _listed(server)
    told = {
        each.address: (each.answer, [one.host_id for one in each.agents], each.entry)
        for each in found.devices
    }
    assert {
        "10.0.0.77": ("nobody", [], ""),
        "10.0.0.9": ("open", [], ""),
        "10.0.0.1": ("agent", ["files"], ""),
        "10.0.0.2": ("listed", [], f"{MAC}2 agent gate"),
    } == told
    assert [*told] == [each.address for each in found.devices]
    assert ["rdp"] == [each.kind for each in found.devices[0].services]
    assert ["10.0.0.77: answers, and did not before", "10.0.0.77:3389: open now, rdp"] == [
        *map(str, found.changes)
    ]
    assert ("ab" * 32, "2026-11-20T08:00:00Z") == (found.list_sha256, found.list_made_at)


def test_two_agents_of_an_address(server: InProcess) -> None:
    """A hardware address that two hosts say is theirs is nobody's for sure."""
    twins = company.fill(server, NOW)
    both = sealed("host", {"host.domain_joined": False, "host.hardware_addresses": [f"{MAC}1"]})
    ship(server, twins["yard"], [both], NOW)
    (found,) = _listed(server)
    assert ["open"] == [each.answer for each in found.devices if each.address == "10.0.0.1"]


def test_quarantined(server: InProcess) -> None:
    """Nothing is known by the word of a host whose key has signed two chains, nor by what it observes."""
    twins = company.fill(server, NOW)
    files = twins["files"]
    ship(server, files.observes("device.10.0.0.254", "device"), [sealed("host", {})], NOW)
    hall = twins["yard"].observes("network.hall", "network")
    _scan(server, hall, **{"exposure.hosts_seen": [seen("10.0.1.1", f"{MAC}1")]})

    def known() -> tuple[set[str], str]:
        with closing(database.connect(server.home.database)) as connection:
            made = known_devices.made(connection, adoption.rules(connection), server.clock())
        words = {line.split()[0] for line in made.text.splitlines() if not line.startswith("#")}
        (found,) = (each for each in _listed(server) if each.name == "hall")
        return {f"{MAC}1", "10.0.0.254"} & words, found.devices[0].answer

    assert ({f"{MAC}1", "10.0.0.254"}, "agent") == known()
    files.sequence, files.previous = 0, None
    assert 200 != files.ship(server, files.report(trigger="manual")).status
    assert (set(), "open") == known()


def test_without_a_list(server: InProcess, twin: Twin) -> None:
    """Without a list nobody can say that a device is unknown, nor that it is known."""
    _scan(server, twin.observes("network.a", "network"), "10.0.0.5")
    (found,) = _listed(server)
    assert [("open", "")] == [(each.answer, each.entry) for each in found.devices]
    assert ("", "", ()) == (found.before_at, found.changes_problem, found.changes)


@pytest.mark.parametrize("lapse", ["stale", "missing"])
def test_unknown(server: InProcess, clock: Clock, twin: Twin, lapse: str) -> None:
    """An old scan, or one that did not come about, shows no device."""
    network = twin.observes("network.a", "network")
    _scan(server, network, "10.0.0.5")
    if lapse == "stale":
        clock.forward(days=8)
    else:
        ship(server, network, [sealed("exposure_network", {}, {"exposure.hosts_seen": "tool_missing"})], NOW)
    (found,) = _listed(server)
    assert ((), "stale" if lapse == "stale" else "tool_missing") == (found.devices, found.problem)
    assert lapse == "stale" or "did not see" in found.changes_problem


def test_compared_with(server: InProcess, twin: Twin) -> None:
    """Changes are told against the last scan of the same ranges that came about, and of no other."""
    network = twin.observes("network.a", "network")
    _scan(server, network, "10.0.0.5")
    ship(server, network, [sealed("exposure_network", {}, {"exposure.hosts_seen": "tool_missing"})], NOW)
    _scan(server, network, "10.0.0.6")
    (found,) = _listed(server)
    assert ["10.0.0.6: answers, and did not before", "10.0.0.5: answers no longer"] == [
        *map(str, found.changes)
    ]
    _scan(server, network, "10.0.0.6", **{"exposure.scanned_range": ["10.0.0.0/25"]})
    (found,) = _listed(server)
    assert ("the scans looked at different ranges", ()) == (found.changes_problem, found.changes)


def test_mail_is_no_network(server: InProcess, twin: Twin) -> None:
    """A mail domain is of the same kind of subject."""
    ship(server, twin.observes("network.example.com", "mail"), [sealed("spoofing_mail", {})], NOW)
    assert [] == _listed(server)


def test_half_seen(server: InProcess, twin: Twin) -> None:
    """A device that was not looked at to its end is shown as such."""
    hosts = [seen("10.0.0.5", finished=False)]
    told = {
        "exposure.hosts_seen": hosts,
        "exposure.services": [{**service("10.0.0.5", 1, "x"), "port": None}],
    }
    _scan(server, twin.observes("network.a", "network"), **told)
    assert [(False, ())] == [(each.finished, each.services) for each in _listed(server)[0].devices]
