"""What a network device lets in from outside: the access list on each interface that faces the world.

An interface is outside where it is named so (`ip nat outside`, a zone of such a name), has a public address, or
carries the default route. A list that is applied and not defined lets everything in; one with entries ends in a
deny. In a zone the policies of its pairs decide about IPv4; about IPv6, which old releases do not look at, nothing is
claimed there.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import cli_filters, cli_interfaces, cli_ios, cli_zones

FACTS = {
    "firewall.outside_interfaces": Fact(
        "records{name: str, family: str, acl: str?, default: str?}",
        "a device's interfaces that face the world, by family ip and ipv6: the access list for what comes in, and"
        " what happens to what no entry names: drop, accept, or null where that cannot be told",
    ),
}


def collect(device: Device) -> Findings:
    """The interfaces that face the world."""
    findings = Findings()
    findings.look("firewall.outside_interfaces", _outside, device)
    return findings


def _outside(device: Device) -> Seen:
    config = cli_ios.config(device)
    known = cli_filters.lists(config)
    found = [one for one in cli_interfaces.interfaces(config) if one.up and one.outside]
    if not found:
        raise Unseen("not_found", cli_ios.RUNNING, "no interface that is outside by its configuration")
    records: list[Json] = []
    for one in found:
        for family in one.families:
            name = one.filters.get(family)
            keeps = cli_filters.restricts(known, family, name)
            if not keeps and one.zone:
                keeps = cli_zones.keeps_out(config, known, one.zone) if family == "ip" else None
            default = None if keeps is None else "drop" if keeps else "accept"
            records.append({"name": one.name, "family": family, "acl": name, "default": default})
    return Seen(records, *cli_ios.source(*(one.line for one in found)))
