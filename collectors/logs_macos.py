"""The unified log of macOS: whether it is kept on disk, and whether an agent of a log service runs.

It is kept where logd writes its files, as the time of the newest shows; the folder may be read by root alone. macOS
sends its log nowhere by itself, and /etc/syslog.conf carries next to nothing of it any more, so a target there is
none. What an agent that runs really takes from the log is not told: unsupported.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from collectors import logs as linux
from collectors.door import Host, Unseen, glob
from collectors.findings import Findings, Seen
from collectors.readers import forwarding, launchd, processes

FACTS = dict(linux.FACTS)
LABEL: Final = "com.apple.logd"
FILES: Final = "/private/var/db/diagnostics/Persist/*.tracev3"
WRITTEN_WITHIN: Final = timedelta(days=2)


def collect(host: Host) -> Findings:
    """The service by launchd, its files by their times, agents by processes."""
    findings = Findings()
    findings.look("logs.service", _service, host)
    findings.look("logs.persistent", _persistent, host)
    findings.look("logs.forwarded_to", _forwarded_to, host)
    return findings


def _service(host: Host) -> Seen:
    loaded = launchd.is_loaded(host, LABEL)
    return Seen("unified log" if loaded else "none", " ".join(launchd.service(LABEL)))


def _persistent(host: Host) -> Seen:
    if _service(host).value == "none":
        return Seen(False, " ".join(launchd.service(LABEL)))
    times = [host.stat(path).modified_at for path in glob(host, FILES)]
    return Seen(bool(times) and max(times) > host.now - WRITTEN_WITHIN, FILES)


def _forwarded_to(host: Host) -> Seen:
    for agent in forwarding.AGENTS:
        if agent.programs and processes.running(host, *agent.programs):
            raise Unseen(
                "unsupported", f"process {agent.programs[0]}", "what it takes from the log is not told"
            )
    return Seen([], "processes")
