"""What OpenLDAP demands of a new password: the weakest policy of ppolicy that holds for anybody.

The length is looked at only where pwdCheckQuality says so, and a password that the client has hashed can be
judged by no server: only with 2 is such a one refused, and the length enforced. With less the length is told
and `quality_enforced` is false.
"""

from __future__ import annotations

from collections.abc import Callable

from collectors import password
from collectors.door_directory import Directory
from collectors.findings import Findings, Seen
from collectors.readers import ppolicy
from collectors.readers.passwd import NEVER_DAYS
from collectors.readers.ppolicy import Policy

FACTS = {
    name: password.FACTS[name]
    for name in (
        "password.min_length",
        "password.history",
        "password.quality_enforced",
        "password.max_age_days",
        "password.min_age_days",
    )
}
_REFUSES_HASHED, _DAY = 2, 86400


def collect(door: Directory) -> Findings:
    """The weakest setting of the policies in force."""
    findings = Findings()
    findings.look("password.min_length", _weakest, door, min, lambda one: one.min_length)
    findings.look("password.history", _weakest, door, min, lambda one: one.history)
    findings.look(
        "password.quality_enforced", _weakest, door, min, lambda one: one.quality >= _REFUSES_HASHED
    )
    findings.look("password.max_age_days", _weakest, door, max, _max_age_days)
    findings.look("password.min_age_days", _weakest, door, min, lambda one: one.min_age_seconds // _DAY)
    return findings


def _max_age_days(one: Policy) -> int:
    return -(-one.max_age_seconds // _DAY) if one.max_age_seconds else NEVER_DAYS


def _weakest(door: Directory, choose: Callable[..., Policy], told: Callable[[Policy], int]) -> Seen:
    weakest = choose(ppolicy.in_force(door), key=told)
    return Seen(told(weakest), weakest.source)
