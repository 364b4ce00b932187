"""Audit records of macOS: OpenBSM's kernel audit, which macOS 14 and later deliver switched off.

It is active where auditd is loaded and the kernel says that it records (`audit -c`, which asks for root). What is
recorded is told by the flags of audit_control, for success and failure alike; a class with a sign in front of it is
recorded by half. Classes of files cost a Mac much and are judged as they stand: `fd` is deletion.
"""

from __future__ import annotations

import re
from typing import Final

from collectors import audit as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import launchd

FACTS = {name: linux.FACTS[name] for name in ("audit.active", "audit.covers")}
LABEL: Final = "com.apple.auditd"
CONDITION: Final = ("audit", "-c")
CONTROL: Final = "/etc/security/audit_control"
CLASSES: Final = {
    "logon": frozenset({"lo", "aa"}),
    "privilege": frozenset({"ad", "aa"}),
    "identity": frozenset({"ad"}),
    "time": frozenset({"ad"}),
    "deletion": frozenset({"fd"}),
}
"""By subject: the classes of audit_class(5) that hold its events. `ad` has changes of accounts and of the clock."""
_FLAGS: Final = re.compile(r"^flags:(.*)$", re.MULTILINE)


def collect(host: Host) -> Findings:
    """Whether it records, and which classes of events."""
    findings = Findings()
    findings.look("audit.active", _active, host)
    findings.look("audit.covers", _covers, host)
    return findings


def _active(host: Host) -> Seen:
    if not launchd.is_loaded(host, LABEL):
        return Seen(False, " ".join(launchd.service(LABEL)))
    told = host.run(CONDITION)
    condition = told.text.strip()
    if condition not in ("AUC_AUDITING", "AUC_NOAUDIT", "AUC_DISABLED"):
        raise Unseen("malformed", told.source, "not the words of audit")
    return Seen(condition == "AUC_AUDITING", told.source)


def _covers(host: Host) -> Seen:
    active = _active(host)
    if not active.value:
        return Seen([], *active.sources)
    lines = _FLAGS.findall(host.text(CONTROL))
    if len(lines) != 1:
        raise Unseen("malformed", CONTROL, "not one line of flags")
    flags = {flag.strip() for flag in lines[0].split(",")}
    excluded = {flag.lstrip("^+-") for flag in flags if flag.startswith("^")}
    every = "all" in flags
    covered = [
        name
        for name, classes in CLASSES.items()
        if (every or classes <= flags) and not excluded.intersection((*classes, "all"))
    ]
    return Seen([*sorted(covered)], *active.sources, CONTROL)
