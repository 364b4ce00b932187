"""Logs: whether they outlive a restart, and whether they leave the host.

The journal is kept when journald runs with Storage=persistent, or with the default (auto) where
/var/log/journal exists; rsyslog and syslog-ng keep files. A forwarder counts while it runs, and a configured
target while its daemon does: one that is set up but dead sends nothing. On a root what starts at boot counts.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.findings import Fact, Findings, Seen
from collectors.readers import addresses, drop_ins, forwarding, processes, products, units

FACTS = {
    "logs.persistent": Fact("bool", "a running log service keeps what it gets across a restart"),
    "logs.forwarded_to": Fact("list[str]", "other hosts and log services that log lines are sent to"),
    "logs.service": Fact("str", "the log services that run: journald, rsyslog, syslog-ng, or none"),
}
JOURNAL: Final = "/var/log/journal"
SERVICES: Final = {
    "journald": ("systemd-journald", "systemd-journald.service"),
    "rsyslog": ("rsyslogd", "rsyslog.service"),
    "syslog-ng": ("syslog-ng", "syslog-ng.service"),
}
RSYSLOG: Final = "/etc/rsyslog.conf"
SYSLOG_NG: Final = ("/etc/syslog-ng/syslog-ng.conf", "/etc/syslog-ng/conf.d/*.conf")
UPLOADER: Final = ("systemd-journal-upload", "systemd-journal-upload.service")
AUDIT_SENDER: Final = ("/etc/audit/audisp-remote.conf", "/etc/audit/plugins.d/au-remote.conf")
INCLUDES: Final = re.compile(
    r"""^[ \t]*(?:\$IncludeConfig\s+(\S+)|include\s*\(\s*file\s*=\s*"([^"]+)\")""",
    re.MULTILINE | re.IGNORECASE,
)


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
    for name in ("rsyslog", "syslog-ng"):
        if _acts(host, *SERVICES[name]):
            return Seen(True, f"{name} is on", _told_by(host))
    if not _acts(host, *SERVICES["journald"]):
        return Seen(False, _told_by(host))
    values, sources = drop_ins.settings(host, "journald.conf")
    storage = values.get("Storage", "auto").lower() or "auto"
    kept = storage == "persistent" or (storage == "auto" and host.exists(JOURNAL))
    return Seen(kept, *sources, JOURNAL)


def _forwarded_to(host: Host) -> Seen:
    found: set[str] = set()
    sources = [_told_by(host)]
    if _acts(host, *SERVICES["rsyslog"]):
        found |= forwarding.rsyslog(_rsyslog_text(host))
        sources.append(RSYSLOG)
    if _acts(host, *SERVICES["syslog-ng"]):
        paths = [path for pattern in SYSLOG_NG for path in glob(host, pattern)]
        found |= forwarding.syslog_ng("\n".join(host.text(path) for path in paths))
        sources += paths
    if _acts(host, *UPLOADER):
        values, files = drop_ins.settings(host, "journal-upload.conf")
        found |= {addresses.plain(one) for one in [values.get("URL", "")] if addresses.is_away(one)}
        sources += files
    found |= _audit_sender(host)
    for agent in products.found(host, forwarding.AGENTS):
        if agent.running or (agent.running is None and products.starts(host, agent.product)):
            found.add(agent.product.name)
            sources.append(f"{agent.product.name}: {agent.source}")
    return Seen([*sorted(found)], *sources)


def _acts(host: Host, program: str, unit: str) -> bool:
    """Whether a daemon is at work: it runs, or on a root it is there to be started at boot."""
    if not host.offline:
        return processes.running(host, program)
    found = units.unit(host, unit)
    return found.present and not found.masked and (found.enabled or program == "systemd-journald")


def _told_by(host: Host) -> str:
    return units.FOLDERS[0] if host.offline else "/proc"


def _rsyslog_text(host: Host) -> str:
    text = host.text(RSYSLOG)
    for old, new in INCLUDES.findall(text):
        text += "".join("\n" + host.text(path) for path in glob(host, old or new))
    return text


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
