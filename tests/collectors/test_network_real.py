"""The network's door held to the real nmap, on three hosts in namespaces of their own."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import nmap
import pytest

from collectors import discover
from collectors.door_network import Scanned
from collectors.doors import network
from collectors.findings import Findings
from collectors.look import look_with
from collectors.readers.network_range import declare
from tests.collectors import network_hosts
from tests.collectors.network_hosts import BANNERS, HOSTS, HUB, RANGE, inside, mac

pytestmark = [
    pytest.mark.real("nmap", "ip", "nft", "sshd", "openssl", root=True),
    pytest.mark.slow,
    pytest.mark.xdist_group("network"),
]
assert nmap  # imported here, since whoever has no rights cannot read this environment
KNOWN = f"{HOSTS['web']} {mac('web')}\n{HOSTS['old']} 02:00:00:00:00:99\n"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with network_hosts.network(tmp_path_factory.mktemp("network")):
        yield


def look(**more: Any) -> Findings:
    """The findings of a scan from the hub."""
    declared = declare([RANGE], "Example", known=KNOWN, allowed=[f"{HOSTS['wall']}:443"])
    collector = discover("network")["exposure_network"]
    findings, _ = look_with(collector, inside("hub", lambda: network.connect(declared, 120, **more)))
    return findings


@pytest.fixture(scope="module")
def scans(hosts: None) -> dict[str, Findings]:
    """What each way of looking finds; they wait more than they work, so all look at the same time."""
    ways: dict[str, dict[str, Any]] = {
        "by_syn": {},
        "by_connect": {"raw": False},
        "in_a_second": {"raw": False, "host_seconds": 1},
    }
    with ThreadPoolExecutor() as pool:
        begun = {name: pool.submit(look, **more) for name, more in ways.items()}
        return {name: one.result() for name, one in begun.items()}


@pytest.fixture(scope="module")
def by_syn(scans: dict[str, Findings]) -> Findings:
    return scans["by_syn"]


@pytest.fixture(scope="module")
def by_connect(scans: dict[str, Findings]) -> Findings:
    return scans["by_connect"]


def services(findings: Findings) -> dict[tuple[str, int], Any]:
    rows: Any = findings.facts["exposure.services"]
    return {(row["address"], row["port"]): row for row in rows}


@pytest.mark.parametrize("which", ["by_syn", "by_connect"])
def test_services(which: str, scans: dict[str, Findings], record_property: Callable[..., None]) -> None:
    """Every open port is found on both ways, the one behind the wall too; a shut port is none."""
    found = services(scans[which])
    web, old, wall = HOSTS["web"], HOSTS["old"], HOSTS["wall"]
    expected = {(web, 22), (web, 8443), (wall, 443), *((old, port) for port in BANNERS)}
    record_property("compared", len(expected))
    assert expected == set(found)
    assert (found[web, 22]["kind"], found[web, 22]["ssh_weaknesses"]) == ("ssh", ["ssh_weak_cipher"])
    assert found[web, 8443]["tls_weaknesses"] == ["tls_1_0", "weak_key", "sha1_signature"]
    assert found[web, 8443]["self_signed"] is True
    assert found[web, 8443]["certificate_ends_at"] < "2099", "what the subject says does not count"
    assert (found[old, 2323]["kind"], found[old, 2323]["declared"]) == ("telnet", False)
    assert (found[wall, 443]["kind"], found[wall, 443]["declared"]) == (None, True)


def test_a_stranger_cannot_say_what_he_likes(by_syn: Findings) -> None:
    """A megabyte, control characters and text that looks like nmap's XML stay one unnamed service each."""
    found = services(by_syn)
    for port in (700, 701, 8000):
        row = found[HOSTS["old"], port]
        assert (row["kind"], row["tls_weaknesses"], row["ssh_weaknesses"]) == (None, None, None)
        assert all(value.isprintable() for value in row.values() if isinstance(value, str))


def test_hosts(by_syn: Findings, by_connect: Findings) -> None:
    """Who drops pings is seen all the same, and who looks is no stranger."""
    addresses = [HUB, *HOSTS.values()]
    seen: Any = by_syn.facts["exposure.hosts_seen"]
    assert [row["address"] for row in seen] == addresses
    assert [row["mac"] for row in seen] == [None, *(mac(host) for host in HOSTS)]
    assert all(row["finished"] for row in seen)
    assert seen[3]["silent_ports"] > 1000
    assert seen[1]["closed_ports"] > 1000
    unknown: Any = by_syn.facts["exposure.unknown_devices"]
    assert {row["address"]: row["known"] for row in unknown} == {HOSTS["old"]: False, HOSTS["wall"]: False}
    unknown = by_connect.facts["exposure.unknown_devices"]
    assert {row["address"]: row["known"] for row in unknown} == {
        HOSTS["web"]: None,
        HOSTS["old"]: None,
        HOSTS["wall"]: False,
    }


def test_udp(by_syn: Findings, by_connect: Findings) -> None:
    """Silence is no answer, and without raw packets nothing is asked."""
    rows: Any = by_syn.facts["exposure.udp_services"]
    wall = [row["open"] for row in rows if row["address"] == HOSTS["wall"]]
    assert wall == [None] * 7
    assert not [row for row in rows if row["open"] is not None]
    assert by_connect.missing["exposure.udp_services"] == "permission_denied"
    assert by_connect.facts["exposure.method"] == "connect"


def test_host_that_takes_too_long(scans: dict[str, Findings]) -> None:
    """It is not clean: of it nothing is known."""
    rows: Any = scans["in_a_second"].facts["exposure.services"]
    given_up = [row["address"] for row in rows if row["port"] is None]
    assert HOSTS["wall"] in given_up
    assert all(row["declared"] is None for row in rows if row["port"] is None)


def test_no_time_left(hosts: None) -> None:
    """A scan that was ended says nothing."""
    declared = declare([RANGE], "Example")
    door = inside("hub", lambda: network.connect(declared, 0.5))
    findings, _ = look_with(discover("network")["exposure_network"], door)
    assert {findings.missing[name] for name in ("exposure.services", "exposure.hosts_seen")} <= {
        "timeout",
        "budget_spent",
    }


def test_a_user_without_rights(hosts: None) -> None:
    """An ordinary user's scan connects by itself, and says that it did."""
    declared = declare([HOSTS["web"]], "Example")

    def alone() -> bytes:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(write, pickle.dumps(network.connect(declared, 60).scanned()))
            os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as said:
            told = said.read()
        os.waitpid(child, 0)
        return told

    found: Scanned = pickle.loads(inside("hub", alone))
    assert (found.method, found.udp_unseen) == ("connect", "permission_denied")
    assert [port.number for host in found.hosts for port in host.ports] == [22, 8443]
