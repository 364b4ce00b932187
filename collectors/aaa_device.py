"""AAA of a network device: who decides about logins, what happens when no server answers, what is recorded.

A method list that ends in `none` lets everybody in as soon as the servers before it are silent, and that is what an
attacker brings about. Only lists count that a line, the web server or enable uses.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Fact, Findings, Seen
from collectors.readers import cli_ios, cli_logins
from collectors.readers.cli_text import Line, starting

FACTS = {
    "aaa.new_model": Fact("bool", "a device's logins are decided by AAA"),
    "aaa.fallback_none": Fact("list[str]", "method lists in use of which some method asks for nothing"),
    "aaa.central_login": Fact(
        "bool", "every login list in use asks a group of servers first, and the group holds a server"
    ),
    "aaa.accounting": Fact(
        "list[str]", "what is recorded on servers wherever it is done: exec, commands 15, system …"
    ),
}


def collect(device: Device) -> Findings:
    """From the running configuration."""
    findings = Findings()
    findings.look("aaa.new_model", _new_model, device)
    findings.look("aaa.fallback_none", _fallback, device)
    findings.look("aaa.central_login", _central, device)
    findings.look("aaa.accounting", _accounting, device)
    return findings


def _new_model(device: Device) -> Seen:
    line = cli_logins.new_model(cli_ios.config(device))
    return Seen(line is not None, *cli_ios.source(line))


def _fallback(device: Device) -> Seen:
    config = cli_ios.config(device)
    if not cli_logins.new_model(config):
        return Seen([], cli_ios.RUNNING)
    found = [one for one in cli_logins.used(config) if "none" in one.methods]
    return Seen([*sorted({one.name for one in found})], *cli_ios.source(*(one.line for one in found)))


def _central(device: Device) -> Seen:
    config = cli_ios.config(device)
    lines = [line for line, _ in starting(config, "line")]
    asked = [cli_logins.of_line(config, line) for line in lines]
    if not cli_logins.new_model(config) or not asked:
        return Seen(False, cli_ios.RUNNING)
    if None in asked:
        raise Unseen("unsupported", cli_ios.RUNNING, "a line names a list that is not defined")
    central = all(
        one and one.asks_server and cli_logins.servers(config, one.methods[0].removeprefix("group "))
        for one in asked
    )
    return Seen(central, *cli_ios.source(*(one.line for one in asked if one)))


def _accounting(device: Device) -> Seen:
    config = cli_ios.config(device)
    if not cli_logins.new_model(config):
        return Seen([], cli_ios.RUNNING)
    others = [line for one, _ in starting(config, "line") for line, _ in starting(one.under, "accounting")]
    if others:
        raise Unseen("unsupported", cli_ios.source(others[0])[0], "a line has accounting of its own")
    found = {
        what: line
        for line, rest in starting(config, "aaa accounting")
        if (what := _recorded(config, line, rest))
    }
    return Seen([*sorted(found)], *cli_ios.source(*found.values()))


def _recorded(config: tuple[Line, ...], line: Line, rest: str) -> str:
    """What a command about accounting records for everybody; "" for nothing, or on no server."""
    what, found, action = rest.partition(" default")
    words = [*action.split(), *(word for one in line.under for word in one.words)]
    groups = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "group"]
    records = {"start-stop", "stop-only", "wait-start"} & {*words}
    if not found or not records or not any(cli_logins.servers(config, group) for group in groups):
        return ""
    return what
