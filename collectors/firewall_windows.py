"""Windows Firewall: the three profiles as they are in effect (the active store), beside what a policy says.

A policy that says "on" is a wish, and a missing policy means the machine's own setting, not "on". Which profile
guards a connection changes with the network, so the weakest of the three is told. Where another firewall has taken
over (it is registered with the security centre), a profile that is off says nothing: unsupported.
"""

from __future__ import annotations

from collectors import firewall as linux
from collectors.door import Unseen
from collectors.door_windows import Row, Windows, service, whole
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import firewall_profiles, security_center

FACTS = {
    name: linux.FACTS[name]
    for name in ("firewall.active", "firewall.default_inbound", "firewall.manager", "firewall.persisted")
} | {
    "firewall.profiles": Fact(
        "records{name: str, enabled: bool, default_inbound: str, policy_enabled: bool?}",
        "the firewall's profiles in effect, and whether a policy turns each on (null where none says)",
    ),
}
NAMESPACE, CLASS = "root/StandardCimv2", "MSFT_NetFirewallProfile"
SOURCE = f"{NAMESPACE}:{CLASS} (active store)"
ACTIVE = {"PolicyStore": "ActiveStore"}
ENABLED = {0: False, 1: True}
INBOUND = {2: "accept", 4: "drop"}
SERVICES = ("mpssvc", "BFE")
PROPERTIES = ("InstanceID", "Enabled", "DefaultInboundAction")


def collect(host: Windows) -> Findings:
    """The profiles in effect."""
    findings = Findings()
    findings.fact("firewall.manager", "windows", SOURCE)
    findings.look("firewall.profiles", _profiles, host)
    findings.look("firewall.active", _active, host)
    findings.look("firewall.default_inbound", _default_inbound, host)
    findings.look("firewall.persisted", _persisted, host)
    return findings


def _profiles(host: Windows) -> Seen:
    records: list[Json] = []
    for name, one in profiles(host).items():
        policy = firewall_profiles.policy(host, name)
        records.append(
            {
                "name": name.lower(),
                "enabled": ENABLED[whole(one, "Enabled", SOURCE)],
                "default_inbound": INBOUND[whole(one, "DefaultInboundAction", SOURCE)],
                "policy_enabled": None if policy is None else policy == 1,
            }
        )
    return Seen(records, SOURCE, firewall_profiles.POLICY)


def _active(host: Windows) -> Seen:
    for name in SERVICES:
        if not is_running(host, name):
            return Seen(_or_another(host), f"service {name}", security_center.FIREWALL)
    rows = profiles(host)
    if all(ENABLED[whole(one, "Enabled", SOURCE)] for one in rows.values()):
        firewall_profiles.demand_all_interfaces(host)
        for name in firewall_profiles.NAMES:
            if firewall_profiles.policy(host, name) == 0:  # then this was not the active store
                raise Unseen("malformed", SOURCE, f"{name} is on although a policy turns it off")
        return Seen(True, SOURCE, *(f"service {name}" for name in SERVICES))
    return Seen(_or_another(host), SOURCE, security_center.FIREWALL)


def is_running(host: Windows, name: str) -> bool:
    """Whether a service is there and runs."""
    found = service(host, name)
    return found is not None and found.running


def _or_another(host: Windows) -> bool:
    """False, unless another firewall is on: how that one filters is not seen here."""
    if any(one.on for one in security_center.products(host, security_center.FIREWALL)):
        raise Unseen("unsupported", security_center.FIREWALL, "another firewall has taken over")
    return False


def _default_inbound(host: Windows) -> Seen:
    actions = {INBOUND[whole(one, "DefaultInboundAction", SOURCE)] for one in profiles(host).values()}
    return Seen("accept" if "accept" in actions else "drop", SOURCE)


def _persisted(host: Windows) -> Seen:
    """What the active store holds comes from the machine's own store and policies: the service loads both."""
    found = [service(host, name) for name in SERVICES]
    return Seen(
        all(one is not None and one.start == "automatic" for one in found),
        *(f"service {name}" for name in SERVICES),
    )


def profiles(host: Windows, *more: str) -> dict[str, Row]:
    """All three profiles by name; an answer with another number of them, or with a state unknown here, is none."""
    rows = host.rows(NAMESPACE, CLASS, (*PROPERTIES, *more), context=ACTIVE)
    found = {str(one["InstanceID"]).rpartition("|")[2]: one for one in rows}
    if found.keys() != set(firewall_profiles.NAMES) or len(rows) != len(found):
        raise Unseen("malformed", SOURCE, "not the three profiles")
    for one in found.values():
        if (
            whole(one, "Enabled", SOURCE) not in ENABLED
            or whole(one, "DefaultInboundAction", SOURCE) not in INBOUND
        ):
            raise Unseen("malformed", SOURCE, "a profile that is not configured in the active store")
    return found
