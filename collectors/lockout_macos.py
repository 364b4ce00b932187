"""Whether wrong passwords lock an account of a Mac, by the account policies in effect.

Failures count until a login succeeds, however long that takes. Whether root is bound by these policies is not
documented, so it is not claimed.
"""

from __future__ import annotations

from collectors import lockout as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings
from collectors.readers import account_policies

FACTS = dict(linux.FACTS)


def collect(host: Host) -> Findings:
    """The lock that holds for everybody."""
    findings = Findings()
    source = account_policies.source()
    try:
        lock = account_policies.lock(host)
    except Unseen as unseen:
        for name in FACTS:
            findings.unseen(name, unseen)
        return findings
    findings.fact("lockout.threshold", lock.threshold, source)
    if lock.threshold == 0:
        for name in ("lockout.window_seconds", "lockout.unlock_seconds"):
            findings.unseen(name, "not_found", source)
        findings.fact("lockout.includes_superuser", False, source)
        return findings
    findings.fact("lockout.window_seconds", 0, source)
    findings.fact("lockout.unlock_seconds", lock.unlock_seconds, source)
    findings.unseen("lockout.includes_superuser", "unsupported", source)
    return findings
