"""What stops somebody who tries passwords on a network device.

`login block-for` refuses every login for a while, whoever comes. `aaa local authentication attempts max-fail` locks
the local user until an administrator opens it, but none of level 15.
"""

from __future__ import annotations

import re

from collectors import lockout
from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Findings, Seen
from collectors.readers import cli_ios
from collectors.readers.cli_text import starting

FACTS = dict(lockout.FACTS)
_NAMES = ("threshold", "window_seconds", "unlock_seconds", "includes_superuser")
_BLOCK = re.compile(r"(\d{1,6}) attempts (\d{1,6}) within (\d{1,6})")


def collect(device: Device) -> Findings:
    """From the running configuration."""
    findings = Findings()
    for at, name in enumerate(_NAMES):
        findings.look(f"lockout.{name}", _one, device, at)
    return findings


def _one(device: Device, at: int) -> Seen:
    config = cli_ios.config(device)
    for line, rest in starting(config, "login block-for"):
        found = _BLOCK.fullmatch(rest)
        if not found:
            raise Unseen("malformed", *cli_ios.source(line))
        seconds, attempts, within = map(int, found.groups())
        return Seen((attempts, within, seconds, True)[at], *cli_ios.source(line))
    for line, rest in starting(config, "aaa local authentication attempts max-fail"):
        if rest.isdecimal() and len(rest) < 7:
            return Seen((int(rest), 0, 0, False)[at], *cli_ios.source(line))
    if at == 0:
        return Seen(0, cli_ios.RUNNING)
    raise Unseen("not_found", cli_ios.RUNNING, "nothing locks")
