"""Which system a network device runs, as `show version` says: IOS or IOS-XE, and its release."""

from __future__ import annotations

import re

from collectors import os
from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Findings, Seen
from collectors.readers import cli_ios

FACTS = {name: os.FACTS[name] for name in ("os.id", "os.version")}


def collect(device: Device) -> Findings:
    """The system's name and release."""
    findings = Findings()
    findings.look("os.id", _id, device)
    findings.look("os.version", _version, device)
    return findings


def _id(device: Device) -> Seen:
    text = cli_ios.version(device)
    is_xe = re.search(r"\bIOS[ -]XE\b", text) is not None
    return Seen("cisco-ios-xe" if is_xe else "cisco-ios", cli_ios.VERSION)


def _version(device: Device) -> Seen:
    """Of IOS-XE its own release; the release of the IOS inside, such as 15.2(7)E3, where that is all there is."""
    text = cli_ios.version(device)
    found = re.search(r"^Cisco IOS XE Software, Version (\S+)", text, re.MULTILINE) or re.search(
        r"^(?:Cisco IOS|IOS \(tm\)).*, Version ([^\s,]+)", text, re.MULTILINE
    )
    if not found:
        raise Unseen("malformed", cli_ios.VERSION, "names no version")
    return Seen(found[1], cli_ios.VERSION)
