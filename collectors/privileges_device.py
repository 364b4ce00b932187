"""Who rules a network device: users of level 15, and what `enable` asks for.

`enable password` beside `enable secret` opens nothing while the secret is there; it is told all the same, since it
is kept in a way that can be turned back and is mostly the same word.
"""

from __future__ import annotations

from collectors import privileges
from collectors.door_device import Device
from collectors.findings import Fact, Findings, Seen
from collectors.readers import cli_ios, cli_secrets

FACTS = {"privileges.administrators": privileges.FACTS["privileges.administrators"]} | {
    "privileges.enable": Fact(
        "records{kind: str, level: int, type: int}",
        "what a device's enable asks for: kind is secret or password, type the number that says how it is kept",
    ),
}


def collect(device: Device) -> Findings:
    """From the running configuration."""
    findings = Findings()
    findings.look("privileges.administrators", _administrators, device)
    findings.look("privileges.enable", _enable, device)
    return findings


def _administrators(device: Device) -> Seen:
    users = cli_secrets.users(cli_ios.config(device))
    found = [one for one in users if one.level == cli_secrets.HIGHEST]
    return Seen([one.name for one in found], *cli_ios.source(*(one.line for one in found)))


def _enable(device: Device) -> Seen:
    found = cli_secrets.enable(cli_ios.config(device))
    records = [{"kind": one.kind, "level": one.level, "type": one.type} for one in found]
    return Seen(records, *cli_ios.source(*(one.line for one in found)))  # type: ignore[arg-type]
