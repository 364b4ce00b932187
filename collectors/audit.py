"""Audit logging: whether the kernel records, what, and whether the rules are there after the next start.

The kernel's state (auditctl -s, -l) needs root. It is active when auditing is enabled and a daemon takes the
records and keeps them: auditd with `write_logs = no` throws them away unless a plugin sends them on. Rules in
/etc/audit/rules.d are loaded only where the daemon's unit starts, and record only where they do not end in
`-e 0`, so they count only then. On a root the rules files stand for what the kernel would hold.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Seen
from collectors.readers import audit_files, audit_rules, processes

FACTS = {
    "audit.active": Fact("bool", "the kernel records, and a daemon takes the records"),
    "audit.immutable": Fact("bool", "the rules cannot be changed before the next start"),
    "audit.rules_loaded": Fact("int", "how many rules the kernel holds"),
    "audit.rules_persisted": Fact("int", "how many rules the next start loads"),
    "audit.rules_match": Fact("bool", "the kernel holds the rules that the next start would load"),
    "audit.covers": Fact("list[str]", "what is recorded: identity, privilege, time, logon, deletion"),
}
STATE: Final = ("auditctl", "-s")
RULES: Final = ("auditctl", "-l")
CONSUMERS: Final = ("auditd", "auditbeat", "go-audit", "osqueryd")


def collect(host: Host) -> Findings:
    """The kernel's state by auditctl, the persisted rules by files and units."""
    findings = Findings()
    findings.look("audit.active", _active, host)
    findings.look("audit.immutable", _immutable, host)
    findings.look("audit.rules_loaded", _rules_loaded, host)
    findings.look("audit.rules_persisted", _rules_persisted, host)
    findings.look("audit.rules_match", _rules_match, host)
    findings.look("audit.covers", _covers, host)
    return findings


def _active(host: Host) -> Seen:
    try:
        enabled, daemon = _state(host, "enabled"), _state(host, "pid")
    except Unseen as unseen:
        # Nobody takes the records: that is seen without asking the kernel.
        if unseen.reason in ("tool_missing", "permission_denied") and not processes.running(host, *CONSUMERS):
            return Seen(False, "/proc", " ".join(STATE))
        raise
    if enabled > 0 and daemon > 0 and processes.maybe_running(host, "auditd") and not audit_files.keeps(host):
        return Seen(False, " ".join(STATE), audit_files.DAEMON)
    return Seen(enabled > 0 and daemon > 0, " ".join(STATE))


def _immutable(host: Host) -> Seen:
    if host.offline:
        text, sources = audit_files.persisted(host)
        return Seen(audit_rules.enabled(text) == "2", *sources)
    return Seen(_state(host, "enabled") == 2, " ".join(STATE))


def _rules_loaded(host: Host) -> Seen:
    return Seen(len(_loaded(host)), " ".join(RULES))


def _rules_persisted(host: Host) -> Seen:
    text, sources = audit_files.persisted(host)
    return Seen(len(audit_rules.parse(text)), *sources)


def _rules_match(host: Host) -> Seen:
    loaded = _loaded(host)
    text, sources = audit_files.persisted(host)
    return Seen(audit_rules.same(loaded, audit_rules.parse(text)), " ".join(RULES), *sources)


def _covers(host: Host) -> Seen:
    if host.offline:
        text, sources = audit_files.persisted(host)
        return Seen([*audit_rules.covers(audit_rules.parse(text))], *sources)
    active = _active(host)
    if not active.value:
        return Seen([], *active.sources)
    return Seen([*audit_rules.covers(_loaded(host))], " ".join(RULES))


def _state(host: Host, name: str) -> int:
    told = re.search(rf"^{name} (\d+)", host.run(STATE).text, re.MULTILINE)
    if told is None:
        raise Unseen("malformed", " ".join(STATE), f"no {name} in it")
    return int(told[1])


def _loaded(host: Host) -> list[audit_rules.AuditRule]:
    text = host.run(RULES).text
    rules = audit_rules.parse(text)
    if not rules and "No rules" not in text:
        raise Unseen("malformed", " ".join(RULES), "neither rules nor the word that there are none")
    return rules
