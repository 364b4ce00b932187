"""What Okta demands of a new password: the weakest of its active password policies.

Okta refuses what its policy refuses, on every way to set a password, so its rules are enforced where they stand.
"""

from __future__ import annotations

from collections.abc import Callable

from collectors import password
from collectors.door_tenant import Tenant
from collectors.findings import Findings, Json, Seen
from collectors.readers import okta_passwords
from collectors.readers.okta_passwords import SOURCE, Password

FACTS = {
    name: password.FACTS[name]
    for name in (
        "password.min_length",
        "password.min_classes",
        "password.dictionary_check",
        "password.history",
        "password.quality_enforced",
        "password.max_age_days",
        "password.min_age_days",
    )
}
_Ask = Callable[[list[Password]], Json]


def collect(door: Tenant) -> Findings:
    """Each rule as the weakest policy has it."""
    findings = Findings()
    answers: dict[str, _Ask] = {
        "min_length": lambda found: min(one.min_length for one in found),
        "min_classes": lambda found: min(one.min_classes for one in found),
        "dictionary_check": lambda found: all(one.dictionary for one in found),
        "history": lambda found: min(one.history for one in found),
        "quality_enforced": bool,
        "max_age_days": lambda found: max(one.max_age_days for one in found),
        "min_age_days": lambda found: min(one.min_age_days for one in found),
    }
    for name, ask in answers.items():
        findings.look(f"password.{name}", _told, door, ask)
    return findings


def _told(door: Tenant, ask: _Ask) -> Seen:
    return Seen(ask(okta_passwords.policies(door)), SOURCE)
