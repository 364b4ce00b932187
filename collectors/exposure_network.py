"""What a network exposes: the services of the company's own ranges that answer, seen from where the agent stands.

nmap knocks at the ports of `readers.network_ports` on every host that answers a ping, ARP or one of the ports that
matter. Open is what accepts a connection; a silent port is behind a firewall and is counted, not cleared. A service
that the owner declared is marked, never left out. A host that took too long stands there without a port: of it
nothing is known. A range in which nobody answers says nothing at all, as nobody can tell an empty network from a
wall before the agent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from collectors.door import Unseen
from collectors.door_network import Device, Network, Scanned
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import network_services

FACTS = {
    "exposure.scanned_range": Fact("list[str]", "the networks that were looked at"),
    "exposure.owner": Fact("str", "who owns them, as declared"),
    "exposure.excluded": Fact("list[str]", "addresses in them that were left alone"),
    "exposure.allowed": Fact("list[str]", "services that the owner declared to be reachable"),
    "exposure.method": Fact("str", "syn (raw packets), or connect: neither UDP nor hardware addresses seen"),
    "exposure.hosts_seen": Fact(
        "records{address: str, mac: str?, vendor: str?, finished: bool, closed_ports: int, silent_ports: int}",
        "hosts that answered; finished: looked at to the end; silent: TCP ports without any answer",
    ),
    "exposure.services": Fact(
        "records{address: str, port: int?, protocol: str?, kind: str?, service: str?, product: str?, "
        "version: str?, tls: bool?, tls_weaknesses: list[str]?, certificate_ends_at: time?, self_signed: bool?, "
        "ssh_weaknesses: list[str]?, declared: bool?}",
        "open TCP ports, what kind of service answers there and how weak its TLS and SSH are; "
        "port null: the host was not looked at to its end",
    ),
    "exposure.udp_services": Fact(
        "records{address: str, port: int?, service: str?, open: bool?, declared: bool?}",
        "UDP ports that are not closed; open null: no answer, so open or behind a firewall",
    ),
    "exposure.unknown_devices": Fact(
        "records{address: str, mac: str?, vendor: str?, known: bool?}",
        "hosts that are on no list of known devices; known null: its hardware address could not be compared, or DNS"
        " gave no answer about a name on the list",
    ),
    "exposure.known_devices": Fact(
        "records{address: str, mac: str?, entry: str, source: str?}",
        "hosts that are on the list of known devices, by which of its entries, and where the list has that from",
    ),
    "exposure.known_list_sha256": Fact("str", "digest of the list of known devices as it was handed in"),
    "exposure.known_list_made_at": Fact("time", "when that list was made, where it says so"),
}
_LIST = "list of known devices"


def collect(network: Network) -> Findings:
    """What was declared, and what the scan found."""
    findings, declared = Findings(), network.declared
    findings.fact("exposure.scanned_range", list(declared.ranges), "declaration")
    findings.fact("exposure.owner", declared.owner, "declaration")
    findings.fact("exposure.excluded", list(declared.excluded), "declaration")
    allowed = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in declared.allowed]
    findings.fact("exposure.allowed", [*sorted(allowed)], "declaration")
    findings.look("exposure.method", lambda: Seen(network.scanned().method, network.scanned().source))
    findings.look("exposure.hosts_seen", _hosts_seen, network)
    findings.look("exposure.services", _services, network)
    findings.look("exposure.udp_services", _udp_services, network)
    findings.look("exposure.unknown_devices", _of_list, network, network_services.unknown)
    findings.look("exposure.known_devices", _of_list, network, network_services.recognised)
    findings.look("exposure.known_list_sha256", _told_of_list, declared.known_sha256)
    findings.look("exposure.known_list_made_at", _told_of_list, declared.known_made_at)
    return findings


def _answered(network: Network) -> Scanned:
    found = network.scanned()
    if not any(not host.own for host in found.hosts):
        raise Unseen("not_found", found.source, "nobody else answered in this range")
    return found


def _hosts_seen(network: Network) -> Seen:
    found = _answered(network)
    return Seen(network_services.hosts(found), found.source)


def _services(network: Network) -> Seen:
    found = _answered(network)
    heard = [one for one in found.hosts if not one.own and (one.closed or one.ports or not one.finished)]
    if not heard:
        raise Unseen(
            "not_found", found.source, "no port of any host answered: a wall may stand before the agent"
        )
    return Seen(list(network_services.services(found, network.declared)), found.source)


def _udp_services(network: Network) -> Seen:
    found = _answered(network)
    if found.udp_unseen:
        raise Unseen(found.udp_unseen, found.source, "UDP")
    return Seen(list(network_services.datagrams(found, network.declared)), found.source)


def _of_list(network: Network, told: Callable[[Scanned, tuple[Device, ...]], Iterator[Json]]) -> Seen:
    if network.declared.known is None:
        raise Unseen("not_found", _LIST, "none was handed in")
    found = _answered(network)
    return Seen([*told(found, network.declared.known)], found.source, _LIST)


def _told_of_list(text: str) -> Seen:
    if not text:
        raise Unseen("not_found", _LIST, "none was handed in, or it does not say")
    return Seen(text, _LIST)
