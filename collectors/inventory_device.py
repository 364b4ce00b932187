"""What a network device is: model and serial number, as `show version` says."""

from __future__ import annotations

import re

from collectors import inventory
from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Findings, Seen
from collectors.readers import cli_ios

FACTS = {
    name: inventory.FACTS[name] for name in ("inventory.manufacturer", "inventory.model", "inventory.serial")
}
_MODEL = (r"^Model [Nn]umber\s*: (\S+)", r"^[Cc]isco (\S+) \(.*\) (?:processor|with)\b")
_SERIAL = (r"^System [Ss]erial [Nn]umber\s*: (\S+)", r"^Processor board ID ([^\s,]+)")


def collect(device: Device) -> Findings:
    """Of a switch what stands on its case, of a router what its board says."""
    findings = Findings()
    findings.look("inventory.manufacturer", _manufacturer, device)
    findings.look("inventory.model", _field, device, _MODEL)
    findings.look("inventory.serial", _field, device, _SERIAL)
    return findings


def _manufacturer(device: Device) -> Seen:
    cli_ios.version(device)
    return Seen("Cisco", cli_ios.VERSION)


def _field(device: Device, patterns: tuple[str, ...]) -> Seen:
    text = cli_ios.version(device)
    found = next(filter(None, (re.search(one, text, re.MULTILINE) for one in patterns)), None)
    if found is None:
        raise Unseen("not_found", cli_ios.VERSION)
    return Seen(found[1], cli_ios.VERSION)
