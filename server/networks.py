"""What was seen on the observed networks: each device, what it exposes, who knows it, what changed since before.

A device is known by an agent whose host has its hardware address, or by the list of known devices that the scan was
handed. An address alone proves nothing here: other sites may use the same ones. Verdicts rest on that list alone, since
the observer judges by what it had; that an agent knows a device is said beside it.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from config.errors import InputError
from server import latest, network_changes, ordered
from server.latest import Source, Told
from server.network_changes import Change

NOBODY, OPEN, AGENT, LISTED = "nobody", "open", "agent", "listed"
ANSWERS: Mapping[str, str] = {NOBODY: "fail", OPEN: "unknown", AGENT: "pass", LISTED: "pass"}
"""Who knows a device: nobody, that is open, an agent, the list; and the status whose shape it has."""
SHOWN_CHANGES = 100
_RANGE, _OWNER = "exposure.scanned_range", "exposure.owner"
_SEEN, _SERVICES = network_changes.FACTS
_UNKNOWN, _KNOWN = "exposure.unknown_devices", "exposure.known_devices"
_SHA256, _MADE_AT = "exposure.known_list_sha256", "exposure.known_list_made_at"
_HARDWARE = "host.hardware_addresses"
_NAMES = (_RANGE, _OWNER, _SEEN, _SERVICES, _UNKNOWN, _KNOWN, _SHA256, _MADE_AT)


@dataclass(frozen=True)
class Service:
    """An open port."""

    port: int
    kind: str
    product: str
    weaknesses: tuple[str, ...]
    """Of its TLS and SSH."""
    declared: bool
    """The owner means it to be reachable."""


@dataclass(frozen=True)
class Agent:
    """An enrolled host that has a device's hardware address."""

    host_id: str
    hostname: str


@dataclass(frozen=True)
class Device:
    """A device that answered."""

    address: str
    mac: str
    vendor: str
    finished: bool
    """It was looked at to its end; otherwise more may be open."""
    services: tuple[Service, ...]
    answer: str
    agents: tuple[Agent, ...]
    entry: str
    """The line of the list by which it is known, and where that comes from."""

    @property
    def key(self) -> str:
        """Its place in the list: those first whom nobody knows, then by address."""
        place = [*ANSWERS].index(self.answer)
        try:
            address = ip_address(self.address)
            return ordered.key(f"{place}{address.version}{int(address):039}", self.address)
        except ValueError:  # a stranger's word
            return ordered.key(f"{place}9", self.address)

    @property
    def names(self) -> str:
        """The names of the hosts, and the line of the list."""
        return " ".join((*(each.hostname for each in self.agents), self.entry))


@dataclass(frozen=True)
class Network:
    """A network as it was seen last. `devices` stand with those first whom nobody knows."""

    host_id: str
    name: str
    observer: str
    owner: str
    ranges: tuple[str, ...]
    observed_at: str
    problem: str
    """Empty, or why its devices are not known."""
    list_sha256: str
    list_made_at: str
    devices: tuple[Device, ...]
    before_at: str
    """When the scan that `changes` compares with was made; empty where there is none."""
    changes: tuple[Change, ...]
    changes_problem: str
    """Empty, or why changes cannot be told."""

    @property
    def more_changes(self) -> int:
        """How many changes there are beyond those that a page shows."""
        return max(len(self.changes) - SHOWN_CHANGES, 0)

    @property
    def counts(self) -> dict[str, int]:
        """How many devices are known by whom."""
        counted = Counter(each.answer for each in self.devices)
        return {answer: counted[answer] for answer in ANSWERS}


def listed(connection: sqlite3.Connection, moment: datetime) -> list[Network]:
    """Return the observed networks; mail domains, which are of the same kind of subject, are none."""
    sources = [each for each in latest.sources(connection, "network", moment) if each.platform == "network"]
    agents = _agents(connection, moment) if sources else {}
    return [_network(connection, each, agents) for each in sources]


def one(connection: sqlite3.Connection, host_id: str, moment: datetime) -> Network:
    """Return an observed network; InputError ``not_found``."""
    for source in latest.sources(connection, "network", moment):
        if source.host_id == host_id and source.platform == "network":
            return _network(connection, source, _agents(connection, moment))
    raise InputError("not_found", "No network of this name is observed.")


def _agents(connection: sqlite3.Connection, moment: datetime) -> dict[str, list[Agent]]:
    """The enrolled hosts by their hardware addresses; what a believed one said long ago is still its hardware."""
    found: dict[str, list[Agent]] = {}
    for source in latest.sources(connection, "host", moment):
        if not source.observer and not source.denied:
            for mac in latest.told(connection, source, [_HARDWARE]).values.get(_HARDWARE, ()):
                found.setdefault(mac.lower(), []).append(Agent(source.host_id, source.name))
    return found


def _network(connection: sqlite3.Connection, source: Source, agents: Mapping[str, list[Agent]]) -> Network:
    told = latest.told(connection, source, _NAMES)
    values = told.values
    problem = source.doubt or told.missing.get(_SEEN, "")
    devices = [] if problem else _devices(told, agents)
    devices.sort(key=lambda each: each.key)
    before_at, changes, changes_problem = network_changes.since(connection, source, told)
    return Network(
        source.host_id,
        source.name,
        source.observer,
        values.get(_OWNER, ""),
        tuple(values.get(_RANGE, ())),
        source.observed_at,
        problem,
        values.get(_SHA256, ""),
        values.get(_MADE_AT, ""),
        tuple(devices),
        before_at,
        changes,
        changes_problem,
    )


def _devices(told: Told, agents: Mapping[str, list[Agent]]) -> list[Device]:
    unknown = {each["address"]: each.get("known") for each in told.values.get(_UNKNOWN, ())}
    known = {each["address"]: each for each in told.values.get(_KNOWN, ())}
    is_list_missing = _UNKNOWN in told.missing
    open_ports: dict[str, list[Mapping[str, Any]]] = {}
    for row in told.values.get(_SERVICES, ()):
        if row.get("port") is not None:
            open_ports.setdefault(row["address"], []).append(row)
    devices = []
    for row in told.values[_SEEN]:
        address, mac = row["address"], (row.get("mac") or "").lower()
        owners = tuple(agents.get(mac, ()))
        entry = known.get(address)
        if owners:
            answer = AGENT if len(owners) == 1 else OPEN
        elif is_list_missing or (address in unknown and unknown[address] is None):
            answer = OPEN
        else:
            answer = NOBODY if address in unknown else LISTED
        said = " ".join(filter(None, (entry["entry"], entry.get("source")))) if entry else ""
        services = tuple(_service(each) for each in open_ports.get(address, ()))
        vendor = row.get("vendor") or ""
        devices.append(Device(address, mac, vendor, row["finished"], services, answer, owners, said))
    return devices


def _service(row: Mapping[str, Any]) -> Service:
    product = " ".join(filter(None, (row.get("product"), row.get("version"))))
    weak = (*(row.get("tls_weaknesses") or ()), *(row.get("ssh_weaknesses") or ()))
    kind = row.get("kind") or row.get("service") or ""
    return Service(row["port"], kind, product, weak, row.get("declared") is True)
