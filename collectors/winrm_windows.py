"""Windows Remote Management: whether its service runs, and whether it takes passwords or orders in clear.

A policy wins over the service's own setting; where neither is there, Windows' default (refused) holds.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_windows import Windows, number, service
from collectors.findings import Fact, Findings, Seen

FACTS = {
    "winrm.running": Fact("bool", "the service for remote management runs"),
    "winrm.unencrypted": Fact("bool", "it takes orders that are not encrypted"),
    "winrm.basic": Fact("bool", "it takes a name and a password as they are"),
}
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"
OWN = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Service"
WINDOWS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"


def collect(host: Windows) -> Findings:
    """Whether and how."""
    findings = Findings()
    findings.look("winrm.running", _running, host)
    findings.look("winrm.unencrypted", _setting, host, "AllowUnencryptedTraffic", "allow_unencrypted")
    findings.look("winrm.basic", _setting, host, "AllowBasic", "auth_basic")
    return findings


def _running(host: Windows) -> Seen:
    found = service(host, "WinRM")
    if found is None:
        raise Unseen("malformed", "service WinRM", "every Windows has it")
    return Seen(found.running, "service WinRM")


def _setting(host: Windows, by_policy: str, own: str) -> Seen:
    host.values(WINDOWS)  # a registry that cannot be read says nothing about it
    told = number(host, POLICY, by_policy, number(host, OWN, own, 0))
    return Seen(told != 0, POLICY, OWN)
