"""Sockets of Windows that wait for others, and which of them Windows Firewall lets be reached.

What is no service is left out as on Linux. A socket is judged in each profile, as the network may change, and for each
program that holds it, and the widest answer is told; what only a domain's network reaches is reached by
some. Rules come from the machine's own store, policies and device management, whether each profile takes them from
the store in effect. What a connection security rule may demand of who connects is not judged: then null.
"""

from __future__ import annotations

from typing import Final

from collectors import listeners as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, whole
from collectors.findings import Findings, Json, Seen
from collectors.firewall_windows import SERVICES, is_running, profiles
from collectors.readers import firewall_profiles, security_center, windows_rules
from collectors.readers.windows_rules import Asked, Rule

FACTS = dict(linux.FACTS)
SOCKETS: Final = "GetExtendedTcpTable, GetExtendedUdpTable"
EPHEMERAL: Final = (49152, 65535)
"""The dynamic ports of Windows as delivered."""
OWN: Final = rf"{firewall_profiles.OWN}\FirewallRules"
BY_OTHERS: Final = (
    rf"{firewall_profiles.POLICY}\FirewallRules",
    rf"{firewall_profiles.OWN}\Mdm\FirewallRules",
)
DEMANDS: Final = (rf"{firewall_profiles.OWN}\ConSecRules", rf"{firewall_profiles.POLICY}\ConSecRules")
ALLOWS: Final = ("AllowInboundRules", "AllowLocalFirewallRules")
WIDTH: Final = ("nobody", "some", None, "anyone")
"""From the narrowest answer to the widest; what is not known may be anyone, but proves nobody."""


def collect(host: Windows) -> Findings:
    """The sockets, and the firewall's rules about them."""
    findings = Findings()
    findings.look("listeners.sockets", _sockets, host)
    findings.look("listeners.exposed", _exposed, host)
    return findings


def _sockets(host: Windows) -> Seen:
    return Seen(linux.records(host.sockets(), *EPHEMERAL), SOCKETS)


def _exposed(host: Windows) -> Seen:
    states, programs = _states(host), _programs(host)
    records: list[Json] = []
    for (protocol, port, address), names in linux.services(host.sockets(), *EPHEMERAL):
        if linux.is_loopback(address):
            continue
        host.in_time(OWN)
        holders = [
            Asked(protocol, port, name, programs.get((name or "").lower(), ())) for name in names or [None]
        ]
        who = max((_reach(*state, holder) for state in states for holder in holders), key=WIDTH.index)
        if who == "anyone" and _is_secured(host):
            who = None
        if who != "nobody":
            record: dict[str, Json] = {"protocol": protocol, "address": address, "port": port}
            records.append(record | {"process": min(names, default=None), "reach": who})
    return Seen(records, SOCKETS, OWN, *BY_OTHERS)


def _programs(host: Windows) -> dict[str, tuple[str, ...]]:
    """The paths of running programs by name; none where one of that name hides its path."""
    found: dict[str, set[str]] = {}
    for one in host.processes():
        found.setdefault(one.name.lower(), set()).add((one.exe or "").lower())
    return {name: () if "" in paths else tuple(paths) for name, paths in found.items()}


def _reach(name: str, is_open: bool, rules: list[Rule], asked: Asked) -> str | None:
    who = windows_rules.reach(rules, asked, is_open)
    return "some" if name == "domain" and who == "anyone" else who


def _states(host: Windows) -> list[tuple[str, bool, list[Rule]]]:
    """Each profile: its name, whether it lets in what no rule names, and its rules.

    A profile that is off filters nothing, unless another firewall has taken over.
    """
    rows, off = profiles(host, *ALLOWS), not all(is_running(host, name) for name in SERVICES)
    filters = not off and all(whole(one, "Enabled", OWN) for one in rows.values())
    if not filters and any(one.on for one in security_center.products(host, security_center.FIREWALL)):
        raise Unseen("unsupported", security_center.FIREWALL, "another firewall has taken over")
    firewall_profiles.demand_all_interfaces(host)
    own, others = _rules(host, OWN), [one for key in BY_OTHERS for one in _rules(host, key)]
    states = []
    for name, one in rows.items():
        unfiltered = off or whole(one, "Enabled", OWN) == 0
        told = [*others, *(own if whole(one, "AllowLocalFirewallRules", OWN) != 0 else [])]
        if whole(one, "AllowInboundRules", OWN) == 0:
            told = [rule for rule in told if rule.action == "block"]  # "all incoming connections"
        rules = [] if unfiltered else [rule for rule in told if name.lower() in rule.profiles]
        states.append((name.lower(), unfiltered or whole(one, "DefaultInboundAction", OWN) == 2, rules))
    return states


def _rules(host: Windows, key: str) -> list[Rule]:
    try:
        told = host.values(key).values()
    except Unseen as unseen:
        if unseen.reason == "not_found" and key != OWN:
            return []
        raise
    return [rule for rule in (windows_rules.parse(one) for one in told if isinstance(one, str)) if rule]


def _is_secured(host: Windows) -> bool:
    for key in DEMANDS:
        try:
            if host.values(key):
                return True
        except Unseen as unseen:
            if unseen.reason != "not_found":
                raise
    return False
