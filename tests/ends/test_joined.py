"""What server and agent do alike without knowing each other: changes of a network, the list of known devices."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent import network_changes as agents
from collectors.door_network import Answerer, Scanned
from collectors.readers import network_services
from collectors.readers.network_range import declare
from config import canonical
from config.canonical import Json
from server import adoption, database, known_devices, network_changes
from server.home import Home
from tests.server.twin import Clock, InProcess, Twin, copied, new_token
from tests.server.web.company import MAC, computer, fill, sealed, seen, service, ship

CHANCE = random.Random(4)
WEAKNESSES: tuple[Json, ...] = (None, [], ["TLS 1.0"])


def _facts() -> dict[str, Any]:
    """A network made up, over few addresses, so that two of them meet."""
    addresses = CHANCE.sample(["10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.9"], 3)
    hosts = [
        seen(each, CHANCE.choice((None, f"{MAC}1", f"{MAC}2")), CHANCE.random() < 0.8) for each in addresses
    ]
    ports = [(each, port) for each in addresses for port in (22, 443) if CHANCE.random() < 0.7]
    services = [
        service(
            *place,
            CHANCE.choice(("ssh", "web")),
            product=CHANCE.choice((None, "a", "b")),
            tls_weaknesses=CHANCE.choice(WEAKNESSES),
        )
        for place in ports
    ]
    if CHANCE.random() < 0.3:
        services.append({**service(addresses[0], 1, "ssh"), "port": None})
    return {
        "exposure.scanned_range": ["10.0.0.0/24"],
        "exposure.hosts_seen": hosts,
        "exposure.services": services,
    }


def test_changes() -> None:
    """The server's page and `boltseal scan --network-since` tell the same changes of the same two scans."""
    told = 0
    for _ in range(300):
        before, after = _facts(), _facts()
        lines = agents.changes(before, after)
        assert sorted(lines) == sorted(map(str, network_changes.changes(before, after)))
        told += len(lines)
    assert told > 1000


def test_known_devices(founded_today: Home, tmp_path: Path) -> None:
    """The list that the server writes is one that a scan takes, and each entry says where it comes from."""
    now = datetime.now(UTC).replace(microsecond=0)
    server = InProcess(copied(founded_today, tmp_path / "home"), Clock(now))
    observer = fill(server, now)["files"]
    subjects: list[tuple[str, str, dict[str, Json]]] = [
        ("device.10.0.0.254", "device", {}),
        ("device.switch", "device", {}),
        ("host.web.example", "linux", {}),
        ("host.10.0.0.9", "linux", {"host.hardware_addresses": [f"{MAC}9"]}),
    ]
    for name, platform, facts in subjects:
        ship(server, observer.observes(name, platform), [sealed("host", facts)], now)
    computers: list[Json] = [computer("evil\n02:00:00:00:00:66.example", now)]
    told = [sealed("directory_ad", {"directory.computers": computers})]
    ship(server, observer.observes("directory.b", "ad"), told, now)
    hidden = [sealed("directory_ad", {}, {"directory.computers": "permission_denied"})]
    ship(server, observer.observes("directory.hidden", "ad"), hidden, now)
    evil = Twin("evil")
    headers = {"authorization": f"Bearer {new_token(server.home, now)}"}
    wanted = evil.request_bytes(hostname=f"evil\n{MAC}6 # evil\x1b[2J")
    assert server.request("POST", "/api/v1/enrolments", wanted, headers).status == 201
    ship(server, evil, [sealed("host", {"host.hardware_addresses": [f"{MAC}5", "any"]})], now)
    connection = database.connect(server.home.database)
    try:
        made = known_devices.made(connection, adoption.rules(connection), now)
    finally:
        connection.close()
        server.close()
    declared = declare(["10.0.0.0/24"], "Example", known=made.text)
    assert (made.sha256, canonical.encode_time(now)) == (declared.known_sha256, declared.known_made_at)
    assert declared.known is not None
    entries = {each.entry: each.source.partition(",")[0] for each in declared.known}
    assert {
        f"{MAC}1": "agent files.example",
        f"{MAC}9": "host 10.0.0.9",
        f"{MAC}5": f"agent evil?{MAC}6 # evil?[2J",
        "dc1.example": "directory corp",
        "files.example": "directory corp",
        "gate.other.example": "directory corp",
        "laptop7.example": "directory corp",
        "10.0.0.254": "device 10.0.0.254",
        "web.example": "host web.example",
    } == {name: source.partition(" observed")[0] for name, source in entries.items()}
    assert made.lines == len(entries)
    # What cannot be listed is said: no hardware address, no DNS name, no address.
    for word in (
        "agent gate.example",
        "agent yard.example",
        "device switch",
        "computer EVIL",
        "directory hidden",
    ):
        assert any(word in each for each in made.problems), word
    host = Answerer("10.0.0.8", mac=f"{MAC}1")
    found = network_services.recognised(Scanned("syn", "made up", (host,)), declared.known)
    assert [f"{MAC}1"] == [each["entry"] for each in found]  # type: ignore[index,call-overload]
