"""What kind of host a Mac is: a workstation, since each starts a login window; whether a directory governs its users.

A directory is told by the search path of Open Directory, which always holds the Mac's own users: an answer without them
is none. Hardware addresses are those in use, which on Wi-Fi may be made up for one network.
"""

from __future__ import annotations

import re
from typing import Final

from collectors import host as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import macos_switches

FACTS = {
    name: linux.FACTS[name]
    for name in ("host.role", "host.virtualization", "host.domain_joined", "host.hardware_addresses")
}
LOGIN_WINDOW: Final = "/System/Library/CoreServices/loginwindow.app"
VIRTUAL: Final = ("sysctl", "-n", "kern.hv_vmm_present")
INTERFACES: Final = ("ifconfig", "-a")
DIRECTORIES: Final = ("/Active Directory/", "/LDAPv3/")
_OUTWARD: Final = re.compile(r"en\d+: ")
_ADDRESS: Final = re.compile(r"(?m)^\tinet6? (?!fe80:)")
_ETHER: Final = re.compile(r"(?m)^\tether ([0-9a-f]{2}(?::[0-9a-f]{2}){5})\s*$")


def collect(host: Host) -> Findings:
    """Role, virtual machine, directory and hardware addresses."""
    findings = Findings()
    findings.look("host.role", _role, host)
    findings.look("host.virtualization", _virtualization, host)
    findings.look("host.domain_joined", _domain_joined, host)
    findings.look("host.hardware_addresses", _hardware_addresses, host)
    return findings


def _role(host: Host) -> Seen:
    if not host.exists(LOGIN_WINDOW):
        raise Unseen("not_found", LOGIN_WINDOW)
    return Seen("workstation", LOGIN_WINDOW)


def _virtualization(host: Host) -> Seen:
    told = host.run(VIRTUAL)
    names = {"0": "none", "1": "vm-other"}  # which hypervisor it is the kernel does not say
    if told.text.strip() not in names:
        raise Unseen("malformed", told.source, "neither 0 nor 1")
    return Seen(names[told.text.strip()], told.source)


def _domain_joined(host: Host) -> Seen:
    nodes = macos_switches.directories(host)
    found = nodes.value if isinstance(nodes.value, list) else []
    return Seen(any(str(one).startswith(DIRECTORIES) for one in found), *nodes.sources)


def _hardware_addresses(host: Host) -> Seen:
    """Those of Ethernet and Wi-Fi interfaces that have an address of the network's."""
    told = host.run(INTERFACES)
    parts = re.split(r"(?m)^(?=\w+: flags=)", told.text)
    if not any(part.startswith("lo0: ") for part in parts):
        raise Unseen("malformed", told.source, "no loopback interface")
    used = [part for part in parts if _OUTWARD.match(part) and _ADDRESS.search(part)]
    known = sorted({found[1] for found in map(_ETHER.search, used) if found})
    if not known:
        raise Unseen("not_found", told.source, "no interface that leads outside has one")
    return Seen([*known], told.source)
