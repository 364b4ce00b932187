"""What kind of host this is: its role, whether it is virtual, whether a directory governs its users.

A host that starts a display manager is a workstation: somebody sits before it. Nothing is concluded from a
missing answer: where virtualisation cannot be asked it is missing, and only the marks of containers are
looked for.
"""

from __future__ import annotations

import configparser
import re

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Seen
from collectors.readers import container, desktop, interfaces, nsswitch

FACTS = {
    "host.role": Fact("str", "workstation (a display manager is installed), server or container"),
    "host.virtualization": Fact("str", "none, container, or the hypervisor as systemd-detect-virt names it"),
    "host.domain_joined": Fact(
        "bool", "users also come from a directory (AD, IPA, LDAP) that is set up here"
    ),
    "host.hardware_addresses": Fact(
        "list[str]", "of the interfaces that lead outside: by them a scan of the network knows this host"
    ),
}
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)
SSSD = "/etc/sssd/sssd.conf"
SAMBA = "/etc/samba/smb.conf"


def collect(host: Host) -> Findings:
    """Role by files, virtualisation by systemd or the kernel, directory by nsswitch and its client."""
    findings = Findings()
    findings.look("host.role", _role, host)
    findings.look("host.virtualization", _virtualization, host)
    findings.look("host.domain_joined", _domain_joined, host)
    findings.look("host.hardware_addresses", _hardware_addresses, host)
    return findings


def _role(host: Host) -> Seen:
    mark = container.kind(host)
    if mark:
        return Seen("container", f"mark of {mark}")
    manager = desktop.display_manager(host)
    return Seen("workstation", manager) if manager else Seen("server", *desktop.LOOKED_AT)


def _virtualization(host: Host) -> Seen:
    if container.kind(host):
        return Seen("container", "marks of container managers")
    if host.offline:
        raise Unseen("offline_root", "systemd-detect-virt")
    try:
        told = host.run(["systemd-detect-virt", "--vm"], ok=(0, 1))
        name = told.text.strip()
        if name and (name == "none") == (told.returncode == 1):
            return Seen(name, told.source)
    except Unseen as unseen:
        if unseen.reason != "tool_missing":
            raise
    flags = host.text("/proc/cpuinfo")
    if "flags" not in flags:
        raise Unseen("unsupported", "/proc/cpuinfo", "no flags")
    return Seen("unknown hypervisor" if " hypervisor" in flags else "none", "/proc/cpuinfo")


def _domain_joined(host: Host) -> Seen:
    sources = nsswitch.sources(host, "passwd")
    if "sss" in sources and host.exists(SSSD):
        for section, options in _ini(host, SSSD):
            if section.startswith("domain/") and options.get("id_provider") in ("ad", "ipa", "ldap"):
                return Seen(True, nsswitch.PATH, SSSD)
    if "winbind" in sources and host.exists(SAMBA):
        for section, options in _ini(host, SAMBA):
            if section == "global" and options.get("security", "").lower() in ("ads", "domain"):
                return Seen(True, nsswitch.PATH, SAMBA)
    return Seen("ldap" in sources, nsswitch.PATH)


def _hardware_addresses(host: Host) -> Seen:
    """Those on Ethernet and Wi-Fi; a tunnel or a dial-up link has none."""
    names = [name for name in interfaces.outside(host) if name != "?"]
    found = {host.text(f"{interfaces.NETWORK}/{name}/address").strip().lower() for name in names}
    known = sorted(one for one in found if _MAC.fullmatch(one) and one != "00:00:00:00:00:00")
    if not known:
        raise Unseen("not_found", interfaces.NETWORK, "no interface that leads outside has one")
    return Seen([*known], interfaces.NETWORK)


def _ini(host: Host, path: str) -> list[tuple[str, dict[str, str]]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(host.text(path))
    except configparser.Error:
        raise Unseen("malformed", path) from None
    return [(name, dict(parser.items(name))) for name in parser.sections()]
