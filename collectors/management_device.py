"""How a network device is managed: its lines, Telnet, SSH and the web server.

`no ip http server` leaves `ip http secure-server` running, and `transport input telnet` on vty 5 to 15 alone is
Telnet all the same; so every line counts, and the servers are asked for their state. An access list that is
applied and not defined keeps nobody out.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Fact, Findings, Seen
from collectors.readers import cli_ios, cli_lines, cli_web, sshd_tables
from collectors.readers.cli_lines import Way

FACTS = {
    "management.lines": Fact(
        "records{line: str, network: bool, open: bool, login: str?, restricted: bool?, idle_seconds: int?}",
        "the ways to a device's command line: login is none, password (one for all), local, aaa or closed;"
        " restricted: an access list keeps somebody out; idle_seconds: 0 is without limit",
    ),
    "management.telnet": Fact("bool", "a device's command line is reached by Telnet"),
    "management.ssh_version": Fact("str", "2, 1.99 (both), 1, or none where no SSH server runs"),
    "management.ssh_weak_algorithms": Fact("list[str]", "broken or retired algorithms that SSH accepts"),
    "management.http": Fact("bool", "a device's web server answers without encryption"),
    "management.https": Fact("bool", "a device's web server answers with TLS"),
    "management.web_restricted": Fact("bool", "no web server runs, or an access list keeps somebody out"),
}
_SSH = "show ip ssh"
_STATE = re.compile(r"^SSH (Enabled|Disabled) - version (\S+)", re.MULTILINE)
_OFFERED = re.compile(r"^(Encryption|MAC|KEX|Hostkey) Algorithms\s*:\s*(\S+)", re.MULTILINE)


def collect(device: Device) -> Findings:
    """Lines by the configuration, servers by their own state."""
    findings = Findings()
    findings.look("management.lines", _lines, device)
    findings.look("management.telnet", _telnet, device)
    findings.look("management.ssh_version", _ssh_version, device)
    findings.look("management.ssh_weak_algorithms", _weak, device)
    findings.look("management.http", cli_web.plain, device)
    findings.look("management.https", cli_web.secure, device)
    findings.look("management.web_restricted", cli_web.restricted, device)
    return findings


def _ways(device: Device) -> list[Way]:
    found = cli_lines.ways(cli_ios.config(device))
    if not found:
        raise Unseen("malformed", cli_ios.RUNNING, "no line at all")
    return found


def _lines(device: Device) -> Seen:
    ways = _ways(device)
    records = [
        {
            "line": one.name,
            "network": one.network,
            "open": one.open,
            "login": one.login,
            "restricted": one.restricted,
            "idle_seconds": one.idle_seconds,
        }
        for one in ways
    ]
    return Seen(records, *cli_ios.source(*(one.line for one in ways)))  # type: ignore[arg-type]


def _telnet(device: Device) -> Seen:
    # A vty counts closed too: `no exec` there is soon taken away. Another line that nobody gets a command line by
    # (line 2 of a router with a module) is a way to what hangs on it.
    answers = {one.telnet: one.line for one in _ways(device) if one.open or (one.telnet and one.is_vty)}
    if True in answers:
        return Seen(True, *cli_ios.source(answers[True]))
    if None in answers:
        raise Unseen("unsupported", cli_ios.source(answers[None])[0], "transport input is not written")
    return Seen(False, *cli_ios.source(*answers.values()))


def _ssh(device: Device) -> tuple[str, re.Match[str]]:
    cli_ios.version(device)
    text = device.show(_SSH)
    found = _STATE.search(text)
    if not found:
        raise Unseen("malformed", _SSH)
    return text, found


def _ssh_version(device: Device) -> Seen:
    _, found = _ssh(device)
    running = found[1] == "Enabled"
    return Seen(found[2].removesuffix(".0") if running else "none", _SSH)


def _weak(device: Device) -> Seen:
    text, found = _ssh(device)
    if found[1] != "Enabled":
        return Seen([], _SSH)
    offered = {kind: names.split(",") for kind, names in _OFFERED.findall(text)}
    if not {"Encryption", "MAC", "KEX"} <= offered.keys():
        raise Unseen("unsupported", _SSH, "this release does not tell its algorithms")
    names = {name for names in offered.values() for name in names if name}
    weak = [one for one in sorted(names) if any(fnmatchcase(one, pattern) for pattern in sshd_tables.WEAK)]
    return Seen([*weak], _SSH)
