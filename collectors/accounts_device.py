"""Local users of a network device, and how their secrets are kept. A secret itself is never told.

Where AAA asks servers, the users there are the directory's; the local ones stay behind it for the day that no
server answers, so they count.
"""

from __future__ import annotations

from collectors import accounts
from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Fact, Findings, Seen
from collectors.readers import cli_ios, cli_logins, cli_secrets, generic_names

_SHARED_HERE = ("cisco", "root")
"""Beside those that are shared everywhere: here no system brings a root along."""
_SHARED = ("accounts.empty_password", "accounts.weak_hash", "accounts.shared_names", "accounts.directories")
FACTS = {name: accounts.FACTS[name] for name in _SHARED} | {
    "accounts.local": Fact(
        "records{name: str, privilege: int, kind: str, type: int?}",
        "users of a device: kind is secret, password, nopassword or none; type is the number that says how it is"
        " kept (0 clear text, 5 MD5, 6 and 7 reversible, 8 PBKDF2, 9 scrypt), null without a secret",
    ),
}


def collect(device: Device) -> Findings:
    """The users of the running configuration."""
    findings = Findings()
    findings.look("accounts.local", _local, device)
    findings.look("accounts.empty_password", _empty, device)
    findings.look("accounts.weak_hash", _weak, device)
    findings.look("accounts.shared_names", _shared, device)
    findings.look("accounts.directories", _directories, device)
    return findings


def _local(device: Device) -> Seen:
    found = cli_secrets.users(cli_ios.config(device))
    records = [
        {"name": one.name, "privilege": one.level, "kind": one.kind, "type": one.type} for one in found
    ]
    return Seen(records, *cli_ios.source(*(one.line for one in found)))  # type: ignore[arg-type]


def _empty(device: Device) -> Seen:
    found = cli_secrets.users(cli_ios.config(device))
    empty = [one for one in found if one.kind == "nopassword"]
    if not empty and any(one.kind == "none" for one in found):
        raise Unseen("unsupported", cli_ios.RUNNING, "a user without a secret and without nopassword")
    return Seen([one.name for one in empty], *cli_ios.source(*(one.line for one in empty)))


def _weak(device: Device) -> Seen:
    found = cli_secrets.users(cli_ios.config(device))
    weak = [one for one in found if one.type is not None and one.type not in cli_secrets.STRONG]
    return Seen([one.name for one in weak], *cli_ios.source(*(one.line for one in weak)))


def _shared(device: Device) -> Seen:
    found = cli_secrets.users(cli_ios.config(device))
    shared = [one for one in found if generic_names.PATTERN.fullmatch(one.name) or one.name in _SHARED_HERE]
    return Seen([one.name for one in shared], *cli_ios.source(*(one.line for one in shared)))


def _directories(device: Device) -> Seen:
    config = cli_ios.config(device)
    if not cli_logins.new_model(config):
        return Seen([], cli_ios.RUNNING)
    used = [one for one in cli_logins.used(config) if any(m.startswith("group ") for m in one.methods)]
    groups = {m.removeprefix("group ") for one in used for m in one.methods if m.startswith("group ")}
    return Seen([*sorted(groups)], *cli_ios.source(*(one.line for one in used)))
