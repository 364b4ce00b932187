"""What this Windows machine is for: the product type of the registry, and whether it belongs to a domain."""

from __future__ import annotations

from collectors import host as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, row, truth, value
from collectors.findings import Findings, Seen
from collectors.os_windows import PRODUCT_KEY

FACTS = {name: linux.FACTS[name] for name in ("host.role", "host.domain_joined")}
ROLES = {"WinNT": "workstation", "ServerNT": "server", "LanmanNT": "domain_controller"}
COMPUTER = "Win32_ComputerSystem"


def collect(host: Windows) -> Findings:
    """Role and domain."""
    findings = Findings()
    findings.look("host.role", _role, host)
    findings.look("host.domain_joined", _domain_joined, host)
    return findings


def _role(host: Windows) -> Seen:
    return Seen(role(host), PRODUCT_KEY)


def role(host: Windows) -> str:
    """Workstation, server or domain_controller."""
    kind = value(host, PRODUCT_KEY, "ProductType")
    if not isinstance(kind, str) or kind not in ROLES:
        raise Unseen("malformed", PRODUCT_KEY, "no known ProductType")
    return ROLES[kind]


def _domain_joined(host: Windows) -> Seen:
    computer = row(host, "root/CIMV2", COMPUTER, ("PartOfDomain",))
    return Seen(truth(computer, "PartOfDomain", COMPUTER), COMPUTER)
