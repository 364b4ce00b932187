"""What the SSH server really does: its effective settings, and where a Match block lets somebody do more.

A live host is asked (`sshd -T`, and -C for each Match block); a root is read from its files, includes,
order and defaults as sshd has them. A default is named as such ("OpenSSH default").
"""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import processes, sshd_daemon, sshd_weakens
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
        for name in [name for name in FACTS if name not in {**findings.facts, **findings.missing}]:
            findings.unseen(name, unseen)
        return findings
    findings.fact("sshd.config_valid", not told.error, told.source)
    if told.error:
        findings.look("sshd.running", _running, host, ["22"])
        findings.close(FACTS, "malformed")
        return findings
    findings.look("sshd.running", _running, host, told.settings["port"].value.split())
    _settings(findings, told)
    findings.look("sshd.weak_algorithms", sshd_weakens.algorithms, host, path, told.settings)
    findings.look("sshd.match_blocks", _match_blocks, told)
    return findings


def _settings(findings: Findings, told: Configuration) -> None:
    for name, keyword in WORDS.items():
        findings.fact(name, told.settings[keyword].value, told.settings[keyword].source)
    for name, keyword in FLAGS.items():
        findings.fact(name, told.settings[keyword].value == "yes", told.settings[keyword].source)
    for name, keyword in NUMBERS.items():
        findings.fact(name, int(told.settings[keyword].value), told.settings[keyword].source)
    root, environment = told.settings["permitrootlogin"], told.settings["permituserenvironment"]
    findings.fact("sshd.permit_root_login", root.value.replace("without", "prohibit"), root.source)
    findings.fact("sshd.permit_user_environment", environment.value != "no", environment.source)
    interval, count = told.settings["clientaliveinterval"], told.settings["clientalivecountmax"]
    findings.fact("sshd.idle_seconds", int(interval.value) * int(count.value), interval.source, count.source)


def _running(host: Host, ports: list[str]) -> Seen:
    if processes.running(host, "sshd"):
        return Seen(True, "processes")
    waiting = [one for one in host.sockets() if one.process in ("systemd", "init") and str(one.port) in ports]
    return Seen(bool(waiting), "processes", "sockets")


def _match_blocks(told: Configuration) -> Seen:
    records: list[Json] = []
    for one in told.matched:
        changed, weaker = sshd_weakens.differences(told.settings, one.settings)
        records.append({"condition": one.block.text, "differences": [*changed], "weakens": [*weaker]})
    return Seen(records, told.source, *(one.block.source for one in told.matched))
