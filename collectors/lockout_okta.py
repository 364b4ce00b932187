"""Whether wrong passwords lock an account at Okta: the weakest of its active password policies.

One that locks nobody is the weakest; else the one that lets most tries, and the shortest lock that ends by itself.
Okta counts wrong passwords in a row, within no window.
"""

from __future__ import annotations

from collectors import lockout
from collectors.door_tenant import Tenant
from collectors.findings import Findings, Seen
from collectors.readers import okta_passwords
from collectors.readers.okta_passwords import SOURCE

FACTS = {name: lockout.FACTS[name] for name in ("lockout.threshold", "lockout.unlock_seconds")}


def collect(door: Tenant) -> Findings:
    """The weakest lock."""
    findings = Findings()
    findings.look("lockout.threshold", _threshold, door)
    findings.look("lockout.unlock_seconds", _unlock, door)
    return findings


def _threshold(door: Tenant) -> Seen:
    tries = [one.threshold for one in okta_passwords.policies(door)]
    return Seen(0 if 0 in tries else max(tries), SOURCE)


def _unlock(door: Tenant) -> Seen:
    ends = [
        one.unlock_seconds for one in okta_passwords.policies(door) if one.threshold and one.unlock_seconds
    ]
    return Seen(min(ends, default=0), SOURCE)
