"""Logs of a network device: where they are sent, and whether logins and changes are among them.

A login's message has severity 5 (notifications): a device that sends only what is worse sends none of them, and
one with `no logging on` sends nothing, so its hosts do not count.
"""

from __future__ import annotations

from collectors import logs
from collectors.door_device import Device
from collectors.findings import Fact, Findings, Seen
from collectors.readers import cli_ios
from collectors.readers.cli_text import Line, has, starting

FACTS = {"logs.forwarded_to": logs.FACTS["logs.forwarded_to"]} | {
    "logs.login_events": Fact("list[str]", "of logins to a device, what is logged: success, failure"),
    "logs.configuration_changes": Fact(
        "bool", "a device logs every configuration command that somebody gives"
    ),
}
_QUIET = ("emergencies", "alerts", "critical", "errors", "warnings", "0", "1", "2", "3", "4")
_SETTINGS = frozenset(
    "alarm buffered buginf cns-events console count delimiter discriminator dmvpn esm event exception facility"
    " filter history host listen message-counter monitor on origin-id persistent policy-firewall queue-limit"
    " rate-limit reload server-arp smartlog snmp-authfail snmp-trap source-interface synchronous trap userinfo"
    " xml".split()
)


def collect(device: Device) -> Findings:
    """From the running configuration."""
    findings = Findings()
    findings.look("logs.forwarded_to", _forwarded, device)
    findings.look("logs.login_events", _logins, device)
    findings.look("logs.configuration_changes", _changes, device)
    return findings


def _forwarded(device: Device) -> Seen:
    config = cli_ios.config(device)
    traps = starting(config, "logging trap")
    silenced = has(config, "no logging on") or has(config, "no logging trap")
    if silenced or (traps and traps[-1][1] in _QUIET):
        return Seen([], *cli_ios.source(silenced or traps[-1][0]))
    found = {host: line for line, rest in starting(config, "logging") if (host := _host(rest))}
    return Seen([*sorted(found)], *cli_ios.source(*found.values()))


def _host(rest: str) -> str:
    """The log server of `logging host ADDRESS …` or, as older releases write it, `logging ADDRESS`."""
    words = rest.split()
    if words[:1] == ["host"]:
        words = words[2:] if words[1:2] == ["ipv6"] else words[1:]
        return words[0] if words else ""
    return words[0] if len(words) == 1 and words[0] not in _SETTINGS and words[0][0].isdecimal() else ""


def _logins(device: Device) -> Seen:
    config, found = cli_ios.config(device), dict[str, Line]()
    for word in ("failure", "success"):
        for line, rest in starting(config, f"login on-{word} log"):
            if not rest.startswith("every"):
                found[word] = line
    return Seen([*sorted(found)], *cli_ios.source(*found.values()))


def _changes(device: Device) -> Seen:
    """`archive`, `log config`, `logging enable` and `notify syslog`: without the last they stay in memory."""
    for archive, _ in starting(cli_ios.config(device), "archive"):
        for log, _ in starting(archive.under, "log config"):
            enabled, sent = has(log.under, "logging enable"), starting(log.under, "notify syslog")
            if enabled and sent:
                return Seen(True, *cli_ios.source(enabled, sent[0][0]))
    return Seen(False, cli_ios.RUNNING)
