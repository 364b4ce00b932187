"""The firewall: what the kernel really filters, and apart from it what the next start will load.

ufw.conf and firewalld's zones are intentions; a flushed ruleset leaves them untouched. So the kernel is
asked (nft, and iptables where nft cannot tell), and `default_inbound` is found by walking the rules, see
`readers.ruleset`. Reading the ruleset needs CAP_NET_ADMIN. A container sees its own network namespace.
"""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import firewall_start, interfaces, kernel_rules, ruleset
from collectors.readers.ruleset import Chains

FACTS = {
    "firewall.active": Fact("bool", "the kernel has rules that can stop something coming in"),
    "firewall.default_inbound": Fact(
        "str", "what happens to a connection that no rule provides for: drop, reject or accept (the weakest)"
    ),
    "firewall.forwarded_ports": Fact(
        "records{protocol: str, port: int?, ports: str}",
        "ports of this host that are sent on to another address, as containers publish them, past the rules for"
        " what comes in; port is null for several, any stands for all",
    ),
    "firewall.manager": Fact("str", "what sets the rules: ufw, firewalld, nftables, iptables …, or none"),
    "firewall.persisted": Fact("bool", "rules that filter what comes in are loaded at the next start"),
}


def collect(host: Host) -> Findings:
    """The running rules from the kernel, the persisted ones from units and files."""
    findings = Findings()
    findings.look("firewall.active", _active, host)
    findings.look("firewall.default_inbound", _default_inbound, host)
    findings.look("firewall.forwarded_ports", _forwarded, host)
    findings.look("firewall.persisted", _persisted, host)
    findings.look("firewall.manager", _manager, host)
    return findings


def _active(host: Host) -> Seen:
    rules = kernel_rules.rules(host)
    return Seen(ruleset.is_filtering(rules.chains), *rules.sources)


def _default_inbound(host: Host) -> Seen:
    rules = kernel_rules.rules(host)
    where = interfaces.outside(host), kernel_rules.families(host)
    return Seen(ruleset.default_inbound(rules.chains, *where), *rules.sources, interfaces.NETWORK)


def _forwarded(host: Host) -> Seen:
    rules = kernel_rules.rules(host)
    records: list[Json] = [
        {"protocol": protocol, "port": low if low == high else None, "ports": _ports(low, high)}
        for protocol, low, high in ruleset.forwarded(rules.chains)
    ]
    return Seen(records, *rules.sources)


def _ports(low: int, high: int) -> str:
    if (low, high) == ruleset.ALL_PORTS:
        return "any"
    return str(low) if low == high else f"{low}-{high}"


def _persisted(host: Host) -> Seen:
    starting = firewall_start.managers(host)
    return Seen(
        any(one.filters for one in starting), *(one.source for one in starting), *firewall_start.LOOKED_AT
    )


def _manager(host: Host) -> Seen:
    names = {one.name: one.source for one in firewall_start.managers(host) if one.filters}
    try:
        rules = kernel_rules.rules(host)
        names |= {name: rules.sources[0] for name in _signs(rules.chains) if name not in names}
    except Unseen:
        if not names and not host.offline:
            raise
    if not names:
        return Seen("none", *firewall_start.LOOKED_AT)
    if len(names) > 1:  # nft and iptables are also what the others work with
        names = {
            name: source for name, source in names.items() if name not in ("nftables", "iptables")
        } or names
    return Seen("+".join(sorted(names)), *names.values())


def _signs(chains: Chains) -> set[str]:
    """Who made the chains that filter what comes in."""
    found = set()
    for place in {key[:2] for key, chain in chains.items() if chain.families and chain.hook == "input"}:
        names = [key[2] for key in chains if key[:2] == place]
        if place[1] == "firewalld":
            found.add("firewalld")
        elif any(name.startswith(("ufw-", "ufw6-")) for name in names):
            found.add("ufw")
        elif "INPUT" in names:
            found.add("iptables")
        elif not place[1].startswith("f2b"):
            found.add("nftables")
    return found if ruleset.is_filtering(chains) else set()
