"""Okta's password policies, of passwords that Okta keeps: those of a directory behind it are the directory's.

Which policy meets which user is not worked out, so the weakest is told. Source: PasswordPolicy in
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Policy/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Unseen
from collectors.door_tenant import Record, Tenant
from collectors.readers.okta_org import POLICIES
from collectors.readers.shapes import flag, table, text

NEVER_DAYS: Final = 99999
SOURCE: Final = f"{POLICIES}?type=PASSWORD"
_CLASSES: Final = ("minLowerCase", "minUpperCase", "minNumber", "minSymbol")
_MINUTES_A_DAY: Final = 24 * 60


@dataclass(frozen=True)
class Password:
    """One policy's rules; `threshold` 0 locks nobody, `unlock_seconds` 0 is by an administrator."""

    min_length: int
    min_classes: int
    dictionary: bool
    history: int
    max_age_days: int
    min_age_days: int
    threshold: int
    unlock_seconds: int


def policies(door: Tenant) -> list[Password]:
    """The active policies for passwords of Okta's own; `not_found` where there is none."""
    listed = door.pages(POLICIES, {"type": "PASSWORD"}, "")
    found = [_policy(one) for one in listed if text(one, "status") == "ACTIVE" and _own(one)]
    if not found:
        raise Unseen("not_found", SOURCE, "no active policy for passwords that Okta keeps")
    return found


def _own(one: Record) -> bool:
    provider = table(table(one, "conditions"), "authProvider").get("provider", "OKTA")
    return provider not in ("ACTIVE_DIRECTORY", "LDAP")


def _policy(one: Record) -> Password:
    told = table(table(one, "settings"), "password")
    complexity, age, lock = (table(told, name) for name in ("complexity", "age", "lockout"))
    common = table(table(complexity, "dictionary"), "common")
    return Password(
        _number(complexity, "minLength"),
        max(1, sum(_number(complexity, name) > 0 for name in _CLASSES)),
        flag(common, "exclude") is True,
        _number(age, "historyCount"),
        _number(age, "maxAgeDays") or NEVER_DAYS,
        _number(age, "minAgeMinutes") // _MINUTES_A_DAY,
        _number(lock, "maxAttempts"),
        _number(lock, "autoUnlockMinutes") * 60,
    )


def _number(record: Record, key: str) -> int:
    """A number; what is left out demands nothing."""
    value = record.get(key)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise Unseen("malformed", f"field {key}", "no number")
    return value
