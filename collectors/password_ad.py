"""What a domain demands of a new password: the weakest policy that holds for anybody who can log in.

The domain's policy and every fine-grained one (PSO) are read; one that nobody is under, or that a stronger
claim goes before, weakens nobody. Where PSOs may be hidden from the account that asks, what holds is not
known: the domain's policy alone would be half an answer. A domain controller refuses what the policy refuses,
at every change; accounts that need no password at all stand in `accounts.password_not_required`.
"""

from __future__ import annotations

from collections.abc import Callable

from collectors import password
from collectors.door_directory import Directory
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_policies
from collectors.readers.ad_policies import Policy

FACTS = {
    name: password.FACTS[name]
    for name in (
        "password.min_length",
        "password.min_classes",
        "password.history",
        "password.quality_enforced",
        "password.max_age_days",
        "password.min_age_days",
    )
} | {
    "password.reversible_encryption": Fact(
        "bool", "some policy in force keeps passwords so that they can be read"
    ),
    "password.domain_min_length": Fact("int", "the shortest password under the domain's own policy"),
    "password.fine_grained": Fact(
        "records{name: str, precedence: int, min_length: int, min_classes: int, history: int, max_age_days: int,"
        " min_age_days: int, reversible: bool, lockout_threshold: int, lockout_unlock_seconds: int,"
        " targets: list[str], in_force: bool}",
        "fine-grained policies; in_force where one holds for an account that is not switched off",
    ),
}


def collect(door: Directory) -> Findings:
    """The weakest setting of the policies in force, the domain's own length, and each fine-grained policy."""
    findings = Findings()
    findings.look("password.min_length", _weakest, door, min, lambda one: one.min_length)
    findings.look("password.min_classes", _weakest, door, min, lambda one: one.min_classes)
    findings.look("password.history", _weakest, door, min, lambda one: one.history)
    findings.look("password.quality_enforced", _weakest, door, min, lambda one: True)
    findings.look("password.max_age_days", _weakest, door, max, lambda one: one.max_age_days)
    findings.look("password.min_age_days", _weakest, door, min, lambda one: one.min_age_days)
    findings.look("password.reversible_encryption", _weakest, door, max, lambda one: one.reversible)
    findings.look("password.domain_min_length", _of_domain, door)
    findings.look("password.fine_grained", _fine_grained, door)
    return findings


def _weakest(door: Directory, choose: Callable[..., Policy], told: Callable[[Policy], int]) -> Seen:
    weakest = choose(ad_policies.in_force(door), key=told)
    return Seen(told(weakest), weakest.source)


def _of_domain(door: Directory) -> Seen:
    policy = ad_policies.of_domain(door)
    return Seen(policy.min_length, policy.source)


def _fine_grained(door: Directory) -> Seen:
    held = {one.source for one in ad_policies.in_force(door)}
    policies = ad_policies.fine_grained(door)
    records: list[Json] = [_record(one, one.source in held) for one in policies]
    return Seen(records, f"CN=Password Settings Container,CN=System,{door.base}")


def _record(one: Policy, in_force: bool) -> Json:
    return {
        "name": one.name,
        "precedence": one.precedence,
        "min_length": one.min_length,
        "min_classes": one.min_classes,
        "history": one.history,
        "max_age_days": one.max_age_days,
        "min_age_days": one.min_age_days,
        "reversible": one.reversible,
        "lockout_threshold": one.lockout_threshold,
        "lockout_unlock_seconds": one.unlock_seconds,
        "targets": [*one.targets],
        "in_force": in_force,
    }
