"""The SSH server of macOS ("Remote Login"): whether it is offered, and what it then does.

Every Mac has sshd, so `sshd.installed` says here that launchd has it, or that one runs beside launchd's. It starts when
somebody connects, so a list of processes proves nothing. Settings are read as on Linux: of the daemon as root, else of
its files.
"""

from __future__ import annotations

from typing import Final

from collectors import sshd as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import launchd, processes

FACTS = dict(linux.FACTS)
LABEL: Final = "com.openssh.sshd"
PROGRAM: Final = "sshd"


def collect(host: Host) -> Findings:
    """Whether it is offered, then each setting that a check looks at."""
    try:
        offered = _offered(host)
    except Unseen as unseen:
        findings = Findings()
        for name in FACTS:
            findings.unseen(name, unseen)
        return findings
    if not offered.value:
        findings = Findings()
        findings.fact("sshd.installed", False, *offered.sources)
        findings.fact("sshd.running", False, *offered.sources)
        findings.not_applicable("Remote Login is off")
        return findings
    findings = linux.collect(host)
    findings.fact("sshd.running", True, *offered.sources)
    return findings


def _offered(host: Host) -> Seen:
    """Loaded or to be loaded by launchd; or a server of somebody's own, which its process alone shows."""
    runs = processes.maybe_running(host, PROGRAM)
    try:
        on, sources = launchd.is_on(host, LABEL)
    except Unseen:
        if runs:
            return Seen(True, f"process {PROGRAM}")
        raise
    if not on and runs is None:
        raise Unseen("permission_denied", f"process {PROGRAM}", "whether another server runs is not seen")
    return Seen(on or bool(runs), *sources, f"process {PROGRAM}")
