"""A small company of which several subjects tell: hosts, a directory, a tenant, a network, all made up."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from config import canonical, section
from config.canonical import Json
from tests.server.twin import SECRET, Twin, new_token
from tests.server.web.crowd import Server

MAC = "02:00:00:00:00:0"
RANGE: Mapping[str, Json] = {"exposure.scanned_range": ["10.0.0.0/24"], "exposure.owner": "Example Freight"}


def sealed(collector: str, facts: Mapping[str, Json], missing: Mapping[str, str] | None = None) -> bytes:
    """A section."""
    sources = dict.fromkeys((*facts, *(missing or {})), (f"{collector}, made up",))
    return section.seal(collector, 1, "collected", None, facts, missing or {}, sources, SECRET)


def logins(*accounts: tuple[str, list[Json], list[Json]], joined: bool = False) -> list[bytes]:
    """What a host says of its accounts: name, logins that one factor opens, logins nobody can tell of."""
    users: list[Json] = [
        {"name": name, "one_factor": one, "undecided": open_} for name, one, open_ in accounts
    ]
    return [
        sealed("login_paths", {"login_paths.users": users}),
        sealed("host", {"host.domain_joined": joined}),
    ]


def computer(known_as: str, now: datetime, days: int = 2, **other: Json) -> dict[str, Json]:
    """A computer of a directory, seen some days ago."""
    seen = canonical.encode_time(now - timedelta(days=days))
    told: dict[str, Json] = {
        "name": known_as.partition(".")[0].upper(),
        "dns_name": known_as,
        "system": "Windows 11 Pro",
    }
    return {**told, "enabled": True, "controller": False, "last_seen_at": seen, **other}


def user(name: str, demanded: bool | None = True, registered: bool | None = True, **other: Json) -> Json:
    """A user of a tenant."""
    return {"name": name, "administrator": False, "demanded": demanded, "registered": registered, **other}


def seen(address: str, mac: str | None = None, finished: bool = True) -> dict[str, Json]:
    """A device that answered."""
    told: dict[str, Json] = {"address": address, "mac": mac, "vendor": None, "finished": finished}
    return {**told, "closed_ports": 90, "silent_ports": 0}


def service(address: str, port: int, kind: str, **other: Json) -> dict[str, Json]:
    """An open port."""
    names = ("service", "product", "version", "tls", "tls_weaknesses", "certificate_ends_at", "self_signed")
    told: dict[str, Json] = {"address": address, "port": port, "protocol": "tcp", "kind": kind}
    return {**told, **dict.fromkeys(names), "ssh_weaknesses": [], "declared": False, **other}


def ship(server: Server, twin: Twin, sections: list[bytes], at: datetime) -> None:
    """Let something report."""
    answer = twin.ship(server, twin.report(sections, at), sections)
    assert answer.status == 200, answer.body


def fill(server: Server, now: datetime) -> dict[str, Twin]:
    """Enrol three hosts; the first observes a directory, a tenant and a network, twice."""
    secret, then = new_token(server.home, now, 3), now - timedelta(hours=3)
    twins = {name: Twin(name) for name in ("files", "gate", "yard")}
    for twin in twins.values():
        assert twin.enrol(server, secret).status == 201
    mac = [sealed("host", {"host.domain_joined": False, "host.hardware_addresses": [f"{MAC}1"]})]
    own = logins(("maria", ["ssh: password"], []), ("root", [], []))
    ship(server, twins["files"], [own[0], *mac], then)
    own = logins(("tom", [], ["ssh: timeout (sshd -T)"]), ("li", ["console: password"], []))
    ship(server, twins["gate"], own, then)
    observer = twins["files"]
    computers: list[Json] = [
        computer("files.example", now),
        computer("laptop7.example", now),
        computer("gate.other.example", now),
        computer("dc1.example", now, system="Windows Server 2022", controller=True),
        computer("old.example", now, days=400),
        computer("sold.example", now, enabled=False),
    ]
    twins["directory"] = observer.observes("directory.corp", "ad")
    ship(server, twins["directory"], [sealed("directory_ad", {"directory.computers": computers})], then)
    users: list[Json] = [
        user("maria@example.com"),
        user("tom@example.com"),
        user("li@example.com"),
        user("li@sub.example.com"),
        user("anna@example.com", demanded=False, administrator=True),
        user("new@example.com", registered=False),
        user("zoe@example.com", demanded=None),
    ]
    gaps: list[Json] = [{"kind": "excluded user", "name": "anna@example.com", "policy": "MFA for all"}]
    told: dict[str, Json] = {
        "tenant.users": users,
        "tenant.demand_gaps": gaps,
        "tenant.mfa_demanded_for_all": False,
    }
    twins["tenant"] = observer.observes("tenant.example", "entra")
    ship(server, twins["tenant"], [sealed("tenant_entra", told)], then)
    twins["network"] = observer.observes("network.office", "network")
    for at, section_ in ((then - timedelta(days=1), _network(False)), (then, _network(True))):
        ship(server, twins["network"], [section_], at)
    return twins


def fill_more(server: Server, now: datetime, word: str) -> dict[str, Twin]:
    """Enrol one host more, by whose observations everything is called by one strange word."""
    twin = Twin("strange")
    assert twin.enrol(server, new_token(server.home, now)).status == 201
    subjects = {
        "directory": twin.observes("directory.strange", "ad"),
        "tenant": twin.observes("tenant.strange", "okta"),
        "network": twin.observes("network.strange", "network"),
    }
    gap: Json = [{"kind": word, "name": word, "policy": word}]
    users = {"tenant.users": [user(word, False)], "tenant.demand_gaps": gap}
    ship(server, twin, logins((word, [word], [word])), now)
    ship(server, subjects["tenant"], [sealed("tenant_okta", users)], now)
    computers: Json = [computer(word, now, system=word)]
    ship(server, subjects["directory"], [sealed("directory_ad", {"directory.computers": computers})], now)
    hosts: Json = [{**seen(word), "vendor": word}]
    told: dict[str, Json] = {**RANGE, "exposure.owner": word, "exposure.hosts_seen": hosts}
    told |= {"exposure.services": [service(word, 1, word, product=word)]}
    ship(server, subjects["network"], [sealed("exposure_network", told)], now)
    return subjects


def _network(later: bool) -> bytes:
    hosts: list[Json] = [seen("10.0.0.1", f"{MAC}1"), seen("10.0.0.2", f"{MAC}2"), seen("10.0.0.9", None)]
    services: list[Json] = [service("10.0.0.1", 22, "ssh", product="OpenSSH", version="9.6")]
    if later:
        hosts.append(seen("10.0.0.77", f"{MAC}7"))
        services += [service("10.0.0.77", 3389, "rdp", tls=True, tls_weaknesses=["TLS 1.0"])]
    unknown: list[Json] = [{"address": "10.0.0.9", "known": None}]
    unknown += [{"address": "10.0.0.77", "mac": f"{MAC}7", "known": False}] if later else []
    known: list[Json] = [
        {"address": "10.0.0.2", "mac": f"{MAC}2", "entry": f"{MAC}2", "source": "agent gate"}
    ]
    facts: dict[str, Json] = {
        **RANGE,
        "exposure.hosts_seen": hosts,
        "exposure.services": services,
        "exposure.unknown_devices": unknown,
        "exposure.known_devices": known,
        "exposure.known_list_sha256": "ab" * 32,
        "exposure.known_list_made_at": "2026-11-20T08:00:00Z",
    }
    return sealed("exposure_network", facts)
