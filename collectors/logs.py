"""Logs: whether they outlive a restart, and whether they leave the host.

The journal is kept when journald runs with Storage=persistent, or with the default (auto) where
/var/log/journal exists; rsyslog and syslog-ng keep what a rule of theirs writes to a file. Neither is kept on a
tmpfs. A forwarder counts while it runs, and a configured target while its daemon does and a login's message comes
to it: one that is set up but dead, or fed by a journal that hands nothing on, sends nothing. On a root what starts
at boot counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Fact, Findings, Seen
from collectors.readers import addresses, drop_ins, forwarding, journal, processes, rsyslog, units

FACTS = {
    "logs.persistent": Fact("bool", "a running log service keeps what it gets across a restart"),
    "logs.forwarded_to": Fact("list[str]", "other hosts and log services that log lines are sent to"),
    "logs.service": Fact("str", "the log services that run: journald, rsyslog, syslog-ng, or none"),
}
SERVICES: Final = {
    "journald": ("systemd-journald", "systemd-journald.service"),
    "rsyslog": ("rsyslogd", "rsyslog.service"),
    "syslog-ng": ("syslog-ng", "syslog-ng.service"),
}
SYSLOG_NG: Final = ("/etc/syslog-ng/syslog-ng.conf", "/etc/syslog-ng/conf.d/*.conf")
UPLOADER: Final = ("systemd-journal-upload", "systemd-journal-upload.service")
AUDIT_SENDER: Final = ("/etc/audit/audisp-remote.conf", "/etc/audit/plugins.d/au-remote.conf")


def collect(host: Host) -> Findings:
    """Services by process (on a root by unit), the rest by their configuration."""
    findings = Findings()
    findings.look("logs.service", _service, host)
    findings.look("logs.persistent", _persistent, host)
    findings.look("logs.forwarded_to", _forwarded_to, host)
    return findings


def _service(host: Host) -> Seen:
    names = [name for name, (program, unit) in SERVICES.items() if _acts(host, program, unit)]
    return Seen("+".join(names) or "none", _told_by(host))


def _persistent(host: Host) -> Seen:
    kept, sources = journal.keeps(host) if _acts(host, *SERVICES["journald"]) else (False, (_told_by(host),))
    keepers: dict[str, Callable[[], bool]] = {
        "rsyslog": lambda: _rsyslog(host).keeps(),
        "syslog-ng": lambda: _syslog_ng(host)[1],
    }
    for name, keeps in keepers.items():
        if not kept and _acts(host, *SERVICES[name]) and keeps():
            return Seen(not journal.is_volatile(host, "/var/log"), f"{name} is on", _told_by(host))
    return Seen(kept, *sources)


def _forwarded_to(host: Host) -> Seen:
    found: set[str] = set()
    sources = [_told_by(host)]
    if _acts(host, *SERVICES["rsyslog"]):
        found |= _rsyslog(host).away()
        sources.append(rsyslog.MAIN)
    if _acts(host, *SERVICES["syslog-ng"]):
        found |= _syslog_ng(host)[0]
        sources.append(SYSLOG_NG[0])
    if _acts(host, *UPLOADER):
        values, files = drop_ins.settings(host, "journal-upload.conf", "Upload")
        found |= {addresses.plain(one) for one in values.get("URL", ())[-1:] if addresses.is_away(one)}
        sources += files
    found |= _audit_sender(host)
    for agent in forwarding.sending(host):
        found.add(agent.product.name)
        sources.append(f"{agent.product.name}: {agent.source}")
    return Seen([*sorted(found)], *sources)


def _rsyslog(host: Host) -> rsyslog.Destinations:
    """Where rsyslog takes the host's own messages."""
    return rsyslog.of(host, lambda: not _acts(host, *SERVICES["journald"]) or journal.hands_on(host))


def _syslog_ng(host: Host) -> tuple[set[str], bool]:
    paths = [path for pattern in SYSLOG_NG for path in glob(host, pattern)]
    return forwarding.syslog_ng("\n".join(host.text(path) for path in paths))


def _acts(host: Host, program: str, unit: str) -> bool:
    """Whether a daemon is at work: it runs, or on a root it is there to be started at boot."""
    if not host.offline:
        return processes.running(host, program)
    found = units.unit(host, unit)
    return found.present and not found.masked and (found.enabled or program == "systemd-journald")


def _told_by(host: Host) -> str:
    return units.FOLDERS[0] if host.offline else "/proc"


def _audit_sender(host: Host) -> set[str]:
    settings, plugin = AUDIT_SENDER
    try:
        active = re.search(r"^[ \t]*active\s*=\s*yes", host.text(plugin), re.MULTILINE)
        server = re.search(r"^[ \t]*remote_server\s*=\s*(\S+)", host.text(settings), re.MULTILINE)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return set()
        raise
    runs = _acts(host, "auditd", "auditd.service")
    return (
        {f"{server[1]}/audit"} if active and server and runs and not addresses.is_here(server[1]) else set()
    )
