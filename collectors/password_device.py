"""What a network device demands of a new password: `security passwords min-length`, refused where it is shorter.

Without it nothing is demanded. A policy of AAA (common criteria) holds for the users that name it: where there is
one, and no rule for all, nothing is claimed.
"""

from __future__ import annotations

from collectors import password
from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Findings, Seen
from collectors.readers import cli_ios
from collectors.readers.cli_text import Line, starting

FACTS = {name: password.FACTS[name] for name in ("password.min_length", "password.quality_enforced")}


def collect(device: Device) -> Findings:
    """From the running configuration."""
    findings = Findings()
    findings.look("password.min_length", _length, device)
    findings.look("password.quality_enforced", _enforced, device)
    return findings


def _rule(device: Device) -> tuple[int, Line | None]:
    config = cli_ios.config(device)
    for line, rest in reversed(starting(config, "security passwords min-length")):
        if rest.isdecimal() and len(rest) < 4:
            return int(rest), line
    policies = starting(config, "aaa common-criteria policy")
    if policies:
        raise Unseen("unsupported", cli_ios.source(policies[0][0])[0], "a policy for the users that name it")
    return 0, None


def _length(device: Device) -> Seen:
    length, line = _rule(device)
    return Seen(length, *cli_ios.source(line))


def _enforced(device: Device) -> Seen:
    length, line = _rule(device)
    return Seen(length > 0, *cli_ios.source(line))
