"""The algorithms of a network device's VPNs: what IKE and IPsec would agree to.

What a policy does not write is the vendor's default, which for IKE version 1 is DES and group 1, and is told as such.
HMAC with SHA-1 is retired and not broken, so it is listed, and not among the weak.
"""

from __future__ import annotations

from collectors.door_device import Device
from collectors.findings import Fact, Findings, Seen
from collectors.readers import cli_ios, cli_vpn

FACTS = {
    "vpn.algorithms": Fact(
        "list[str]", "what a device's IKE and IPsec policies agree to; [] without any policy"
    ),
    "vpn.weak_algorithms": Fact("list[str]", "of these, the broken and the too short ones"),
}


def collect(device: Device) -> Findings:
    """From the running configuration."""
    findings = Findings()
    findings.look("vpn.algorithms", _all, device)
    findings.look("vpn.weak_algorithms", _weak, device)
    return findings


def _all(device: Device) -> Seen:
    found = cli_vpn.algorithms(cli_ios.config(device))
    return Seen([*sorted(found)], *cli_ios.source(*found.values()))


def _weak(device: Device) -> Seen:
    found = {
        name: line
        for name, line in cli_vpn.algorithms(cli_ios.config(device)).items()
        if cli_vpn.is_weak(name)
    }
    return Seen([*sorted(found)], *cli_ios.source(*found.values()))
