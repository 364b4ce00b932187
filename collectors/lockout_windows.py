"""When local accounts are locked: what the accounts' database enforces.

The built-in administrator is locked for logins over the network only where AllowAdministratorLockout says so; before
the updates of October 2022 there is no such setting and no such lock, so a policy without it says no.
"""

from __future__ import annotations

from collectors import lockout as linux
from collectors.door import Unseen
from collectors.door_windows import FOREVER, Windows
from collectors.findings import Findings, Seen
from collectors.readers import secedit

FACTS = dict(linux.FACTS)
API = "NetUserModalsGet(3)"


def collect(host: Windows) -> Findings:
    """The rules in effect."""
    findings = Findings()
    findings.look("lockout.threshold", lambda: Seen(host.lockout_rules().threshold, API))
    findings.look("lockout.window_seconds", lambda: Seen(host.lockout_rules().window_seconds, API))
    findings.look("lockout.unlock_seconds", _unlock_seconds, host)
    findings.look("lockout.includes_superuser", _includes_superuser, host)
    return findings


def _unlock_seconds(host: Windows) -> Seen:
    duration = host.lockout_rules().duration_seconds
    return Seen(0 if duration == FOREVER else duration, API)


def _includes_superuser(host: Windows) -> Seen:
    try:
        locked = secedit.access(host, "AllowAdministratorLockout") == 1
    except Unseen as unseen:
        if unseen.reason != "not_found":
            raise
        locked = False
    return Seen(locked, secedit.SOURCE)
