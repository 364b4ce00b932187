"""What kind of host a Mac is: a workstation, since each starts a login window; whether a directory governs its users.

A directory is told by the search path of Open Directory, which always holds the Mac's own users: an answer without them
is none.
"""

from __future__ import annotations

from typing import Final

from collectors import host as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import macos_plist

FACTS = {name: linux.FACTS[name] for name in ("host.role", "host.virtualization", "host.domain_joined")}
LOGIN_WINDOW: Final = "/System/Library/CoreServices/loginwindow.app"
VIRTUAL: Final = ("sysctl", "-n", "kern.hv_vmm_present")
SEARCH_PATH: Final = ("dscl", "-plist", "/Search", "-read", "/", "CSPSearchPath")
OWN_USERS: Final = "/Local/Default"
DIRECTORIES: Final = ("/Active Directory/", "/LDAPv3/")


def collect(host: Host) -> Findings:
    """Role, virtual machine and directory."""
    findings = Findings()
    findings.look("host.role", _role, host)
    findings.look("host.virtualization", _virtualization, host)
    findings.look("host.domain_joined", _domain_joined, host)
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
    told = host.run(SEARCH_PATH)
    values = next(iter(macos_plist.parse(told.stdout, told.source).values()), None)
    if not isinstance(values, list) or OWN_USERS not in values:
        raise Unseen("malformed", told.source, f"no {OWN_USERS} in the search path")
    return Seen(any(str(one).startswith(DIRECTORIES) for one in values), told.source)
