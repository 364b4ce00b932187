"""Whether wrong passwords lock a domain account: the weakest policy that holds for anybody who can log in.

A threshold of 0 locks nobody, however long a lock would last. Controllers never lock the built-in
administrator unless the domain says so (pwdProperties, DOMAIN_LOCKOUT_ADMINS).
"""

from __future__ import annotations

from collectors import lockout
from collectors.door import Unseen
from collectors.door_directory import Directory
from collectors.findings import Findings, Seen
from collectors.readers import ad_policies

FACTS = lockout.FACTS


def collect(door: Directory) -> Findings:
    """Threshold, window and duration of the weakest lock, and whether the administrator is locked."""
    findings = Findings()
    findings.look("lockout.includes_superuser", _administrator, door)
    try:
        policies = ad_policies.in_force(door)
    except Unseen as unseen:
        for name in ("lockout.threshold", "lockout.window_seconds", "lockout.unlock_seconds"):
            findings.unseen(name, unseen)
        return findings
    without = [one for one in policies if one.lockout_threshold == 0]
    weakest = without[0] if without else max(policies, key=lambda one: one.lockout_threshold)
    findings.fact("lockout.threshold", weakest.lockout_threshold, weakest.source)
    if without:
        for name in ("lockout.window_seconds", "lockout.unlock_seconds"):
            findings.unseen(name, "not_found", weakest.source)
        return findings
    shortest = min(policies, key=lambda one: one.lockout_window_seconds)
    findings.fact("lockout.window_seconds", shortest.lockout_window_seconds, shortest.source)
    soonest = min(policies, key=lambda one: one.unlock_seconds or float("inf"))
    findings.fact("lockout.unlock_seconds", soonest.unlock_seconds, soonest.source)
    return findings


def _administrator(door: Directory) -> Seen:
    return Seen(ad_policies.locks_administrator(door), ad_policies.of_domain(door).source)
