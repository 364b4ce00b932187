"""Whether wrong passwords lock an entry of OpenLDAP: the weakest policy of ppolicy that holds for anybody.

pwdMaxFailure without pwdLockout counts and locks nobody. A duration of 0 is until an administrator opens it, a
window of 0 counts until the next right password. Whoever the configuration calls rootdn is never locked.
"""

from __future__ import annotations

from collectors import lockout
from collectors.door import Unseen
from collectors.door_directory import Directory
from collectors.findings import Findings
from collectors.readers import ppolicy

FACTS = {
    name: lockout.FACTS[name]
    for name in ("lockout.threshold", "lockout.window_seconds", "lockout.unlock_seconds")
}


def collect(door: Directory) -> Findings:
    """Threshold, window and duration of the weakest lock."""
    findings = Findings()
    try:
        policies = ppolicy.in_force(door)
    except Unseen as unseen:
        for name in FACTS:
            findings.unseen(name, unseen)
        return findings
    without = [one for one in policies if one.max_failures == 0]
    weakest = without[0] if without else max(policies, key=lambda one: one.max_failures)
    findings.fact("lockout.threshold", weakest.max_failures, weakest.source)
    if without:
        for name in ("lockout.window_seconds", "lockout.unlock_seconds"):
            findings.unseen(name, "not_found", weakest.source)
        return findings
    shortest = min(policies, key=lambda one: one.window_seconds or float("inf"))
    findings.fact("lockout.window_seconds", shortest.window_seconds, shortest.source)
    soonest = min(policies, key=lambda one: one.lock_seconds or float("inf"))
    findings.fact("lockout.unlock_seconds", soonest.lock_seconds, soonest.source)
    return findings
