"""What the SSH server really does: its effective settings, and where a Match block lets somebody do more.

A live host is asked (`sshd -T`, and -C for each Match block); a root is read from its files, includes,
order and defaults as sshd has them. A default is named as such ("OpenSSH default"). Of several servers the
weakest setting is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Seen
from collectors.readers import processes, sshd_daemon, sshd_weakens
from collectors.readers.sshd_config import Setting
from collectors.readers.sshd_daemon import Configuration

FACTS = {
    "sshd.installed": Fact("bool", "an OpenSSH server is installed"),
    "sshd.running": Fact("bool", "sshd runs, or systemd listens on its port for it"),
    "sshd.config_valid": Fact("bool", "sshd accepts its configuration"),
    "sshd.permit_root_login": Fact("str", "yes, prohibit-password, forced-commands-only or no"),
    "sshd.log_level": Fact("str", "as sshd -T prints it"),
    "sshd.authentication_methods": Fact("str", "any, or the lists of methods of which one must be met"),
    "sshd.password_authentication": Fact("bool", "the method password is offered"),
    "sshd.permit_empty_passwords": Fact("bool", "accounts with an empty password are let in"),
    "sshd.x11_forwarding": Fact("bool", "X11 may be forwarded"),
    "sshd.hostbased_authentication": Fact("bool", "a trusted host's word is enough"),
    "sshd.ignore_rhosts": Fact("bool", ".rhosts and .shosts files are not looked at"),
    "sshd.permit_user_environment": Fact("bool", "users may set (some) environment variables of the login"),
    "sshd.use_pam": Fact("bool", "PAM decides about accounts, and about passwords"),
    "sshd.kbd_interactive_authentication": Fact("bool", "the method keyboard-interactive is offered"),
    "sshd.max_auth_tries": Fact("int", "attempts within one connection"),
    "sshd.login_grace_seconds": Fact("int", "time to log in; 0 is without limit"),
    "sshd.client_alive_interval_seconds": Fact("int", "after how much silence a client is asked; 0 is never"),
    "sshd.client_alive_count_max": Fact("int", "unanswered questions until a client is dropped"),
    "sshd.idle_seconds": Fact("int", "after how much silence a dead client is dropped; 0 is never"),
    "sshd.weak_algorithms": Fact("list[str]", "broken or retired algorithms that are accepted"),
    "sshd.match_blocks": Fact(
        "records{condition: str, differences: list[str], weakens: list[str]}",
        "what holds for the connections that meet a Match block, and what of it lets them do more",
    ),
}
WORDS = {"sshd.log_level": "loglevel", "sshd.authentication_methods": "authenticationmethods"}
FLAGS = {
    "sshd.password_authentication": "passwordauthentication",
    "sshd.permit_empty_passwords": "permitemptypasswords",
    "sshd.x11_forwarding": "x11forwarding",
    "sshd.hostbased_authentication": "hostbasedauthentication",
    "sshd.ignore_rhosts": "ignorerhosts",
    "sshd.use_pam": "usepam",
    "sshd.kbd_interactive_authentication": "kbdinteractiveauthentication",
}
NUMBERS = {
    "sshd.max_auth_tries": "maxauthtries",
    "sshd.login_grace_seconds": "logingracetime",
    "sshd.client_alive_interval_seconds": "clientaliveinterval",
    "sshd.client_alive_count_max": "clientalivecountmax",
}


def collect(host: Host) -> Findings:
    """Whether sshd is there and runs, then each setting that a check looks at."""
    findings = Findings()
    path = sshd_daemon.program(host)
    findings.fact("sshd.installed", path is not None, path or ", ".join(sshd_daemon.PROGRAMS))
    if path is None:
        findings.not_applicable("no OpenSSH server is installed")
        return findings
    try:
        told = sshd_daemon.configuration(host)
    except Unseen as unseen:
        findings.look("sshd.running", _running, host, ["22"])
        for name in FACTS.keys() - findings.facts.keys() - findings.missing.keys():
            findings.unseen(name, unseen)
        return findings
    findings.fact("sshd.config_valid", not told.error, told.source)
    if told.error:
        findings.look("sshd.running", _running, host, ["22"])
        findings.close(FACTS, "malformed")
        return findings
    settings = sshd_weakens.weakest(told)
    findings.look("sshd.running", _running, host, settings["port"].value.split())
    _settings(findings, settings)
    findings.look("sshd.weak_algorithms", sshd_weakens.algorithms, host, path, told)
    findings.look("sshd.match_blocks", _match_blocks, told)
    return findings


def _settings(findings: Findings, told: Mapping[str, Setting]) -> None:
    for name, keyword in WORDS.items():
        findings.fact(name, told[keyword].value, told[keyword].source)
    for name, keyword in FLAGS.items():
        findings.fact(name, told[keyword].value == "yes", told[keyword].source)
    for name, keyword in NUMBERS.items():
        findings.fact(name, int(told[keyword].value), told[keyword].source)
    root, environment = told["permitrootlogin"], told["permituserenvironment"]
    findings.fact("sshd.permit_root_login", root.value.replace("without", "prohibit"), root.source)
    findings.fact("sshd.permit_user_environment", environment.value != "no", environment.source)
    interval, count = told["clientaliveinterval"], told["clientalivecountmax"]
    findings.fact("sshd.idle_seconds", sshd_weakens.idle_seconds(told), interval.source, count.source)


def _running(host: Host, ports: list[str]) -> Seen:
    if processes.running(host, "sshd"):
        return Seen(True, "processes")
    waiting = [one for one in host.sockets() if one.process in ("systemd", "init") and str(one.port) in ports]
    return Seen(bool(waiting), "processes", "sockets")


def _match_blocks(told: Configuration) -> Seen:
    servers = (told, *told.others)
    found = [one for server in servers for one in sshd_weakens.blocks(server)]
    sources = (*(one.source for one in servers), *(source for _, source in found))
    return Seen([record for record, _ in found], *sources)
