"""A local account of Windows as a record: what its flags and the rules in effect say of its password and its keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from collectors.door import Unseen
from collectors.door_windows import FOREVER, User, Windows, service
from collectors.findings import Json, rfc3339

DISABLED: Final = 0x2
NEVER_EXPIRES: Final = 0x10000
NEVER: Final = 99_999
DAY: Final = 86_400


def max_age_days(host: Windows) -> int | None:
    """After how many days a password ends; null where that cannot be seen."""
    try:
        seconds = host.password_rules().max_age_seconds
    except Unseen:
        return None
    return NEVER if seconds == FOREVER else seconds // DAY


def ssh_keys(host: Windows) -> int | None:
    """Keys that open an account over SSH: none without a server; with one they lie in folders that are not read."""
    try:
        return 0 if service(host, "sshd") is None else None
    except Unseen:
        return None


def record(one: User, administrator: bool, longest: int | None, keys: int | None) -> Json:
    """An account as `accounts.interactive` tells it: one that is disabled is locked, `longest` are days."""
    last = rfc3339(datetime.fromtimestamp(one.last_logon, UTC)) if one.last_logon else None
    return {
        "name": one.name,
        "id": one.rid,
        "administrator": administrator,
        "password_state": "locked" if one.flags & DISABLED else "set",
        "hash_scheme": None,
        "password_changed_on": None,
        "max_age_days": NEVER if one.flags & NEVER_EXPIRES else longest,
        "expires_on": None,
        "last_login_at": last,
        "ssh_keys": keys,
        "second_factor": None,
    }
