"""What kind of subject a network device is: its role is device, where a command line that is known here answers."""

from __future__ import annotations

from collectors import host
from collectors.door_device import Device
from collectors.findings import Findings, Seen
from collectors.readers import cli_ios

FACTS = {"host.role": host.FACTS["host.role"]}


def collect(device: Device) -> Findings:
    """The role."""
    findings = Findings()
    findings.look("host.role", _role, device)
    return findings


def _role(device: Device) -> Seen:
    cli_ios.version(device)
    return Seen("device", cli_ios.VERSION)
