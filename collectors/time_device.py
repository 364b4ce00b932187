"""The clock of a network device: its time servers, and whether it follows one at this moment.

Servers that are written and do not answer keep no clock, and a device that follows its own clock (`ntp master`,
127.127.x.x) follows nobody.
"""

from __future__ import annotations

import re

from collectors import time
from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Findings, Seen
from collectors.readers import cli_ios
from collectors.readers.cli_text import starting

FACTS = {name: time.FACTS[name] for name in ("time.synchronised", "time.sources")}
_STATUS = "show ntp status"
_STATE = re.compile(r"^Clock is (synchronized|unsynchronized)\b(?:.*\breference is (\S+) *\n)?", re.MULTILINE)


def collect(device: Device) -> Findings:
    """Its state by the device, its servers by the configuration."""
    findings = Findings()
    findings.look("time.synchronised", _synchronised, device)
    findings.look("time.sources", _sources, device)
    return findings


def _synchronised(device: Device) -> Seen:
    cli_ios.version(device)
    text = device.show(_STATUS)
    if re.search(r"^%\s*NTP is not enabled", text, re.MULTILINE):
        return Seen(False, _STATUS)
    found = _STATE.search(text)
    if not found:
        raise Unseen("malformed", _STATUS)
    if found[1] == "synchronized" and not found[2]:
        raise Unseen("malformed", _STATUS, "names no reference")
    own = (found[2] or "").upper().strip(".") in ("LOCL", "LOCAL") or (found[2] or "").startswith("127.127.")
    return Seen(found[1] == "synchronized" and not own, _STATUS)


def _sources(device: Device) -> Seen:
    found = {}
    config = cli_ios.config(device)
    for line, rest in [*starting(config, "ntp server"), *starting(config, "sntp server")]:
        words = rest.split()
        words = words[2:] if words[:1] == ["vrf"] else words
        words = words[1:] if words[:1] in (["ip"], ["ipv6"]) else words
        if words:
            found[words[0]] = line
    return Seen([*sorted(found)], *cli_ios.source(*found.values()))
