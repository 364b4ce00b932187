"""Logs of Windows: whether the event log runs, and where events are sent by Windows' own forwarding.

Programs of others that send logs (they know their server from files of their own) are not read: where one runs and
Windows itself forwards nothing, the answer is unsupported, never "none".
"""

from __future__ import annotations

from collectors import logs as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, service
from collectors.findings import Findings, Json, Seen

FACTS = dict(linux.FACTS)
LOG = "EventLog"
FORWARDING = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager"
SENDERS = (
    "nxlog",
    "winlogbeat",
    "elastic agent",
    "splunkforwarder",
    "wazuhsvc",
    "snare",
    "fluent-bit",
    "AzureMonitorAgent",
)


def collect(host: Windows) -> Findings:
    """The service, and where it sends."""
    findings = Findings()
    findings.look("logs.service", _service, host)
    findings.look("logs.persistent", _persistent, host)
    findings.look("logs.forwarded_to", _forwarded_to, host)
    return findings


def _service(host: Windows) -> Seen:
    log = service(host, LOG)
    return Seen("eventlog" if log is not None and log.running else "none", f"service {LOG}")


def _persistent(host: Windows) -> Seen:
    """Its files stay across a restart; the service must run now and at the next start."""
    log = service(host, LOG)
    return Seen(log is not None and log.running and log.start == "automatic", f"service {LOG}")


def _forwarded_to(host: Windows) -> Seen:
    """Subscription managers of a policy count while the service that talks to them (WinRM) runs."""
    servers = _servers(host)
    talker = service(host, "WinRM")
    if servers and talker is not None and talker.running:
        return Seen(servers, FORWARDING)
    for name in SENDERS:
        sender = service(host, name)
        if sender is not None and sender.running:
            raise Unseen("unsupported", f"service {name}", "where it sends is in its own files")
    return Seen([], FORWARDING, *(f"service {name}" for name in ("WinRM", *SENDERS)))


def _servers(host: Windows) -> list[Json]:
    try:
        told = host.values(FORWARDING).values()
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return []
        raise
    found = []
    for text in told:
        words = str(text).split(",")
        found += [word.strip()[7:] for word in words if word.strip().lower().startswith("server=")]
    return list(dict.fromkeys(found))
