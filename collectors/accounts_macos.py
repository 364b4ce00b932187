"""The accounts of a Mac itself, hidden ones and those below number 500 included.

Whether a password is empty, and when somebody last logged in, macOS tells nobody. Users whom a directory brings are not
here, except those that it keeps a copy of (mobile accounts); `accounts.directories` names the directories.
"""

from __future__ import annotations

from typing import Final

from collectors import accounts as linux
from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings, Json, Seen, day
from collectors.readers import account_policies, generic_names, macos_directory, macos_switches

FACTS = {
    name: linux.FACTS[name]
    for name in (
        "accounts.interactive",
        "accounts.superuser_names",
        "accounts.weak_hash",
        "accounts.shared_names",
        "accounts.duplicate_ids",
        "accounts.directories",
    )
} | {
    "accounts.guest_enabled": Fact("bool", "the built-in guest may log in"),
    "accounts.builtin_administrator_enabled": Fact("bool", "the built-in administrator may log in"),
    "accounts.automatic_login": Fact("bool", "the machine logs somebody in by itself when it starts"),
}
USERS: Final = " ".join(macos_directory.USERS)
GROUPS: Final = " ".join(macos_directory.GROUPS)
STRONG: Final = frozenset({"SALTED-SHA512-PBKDF2", "SRP-RFC5054-4096-SHA512-PBKDF2"})
WEAK: Final = frozenset(
    {"SMB-NT", "SMB-LAN-MANAGER", "CRAM-MD5", "DIGEST-MD5", "RECOVERABLE", "SALTED-SHA1", "SALTED-SHA512"}
)
"""SMB-NT is kept of users who share files with Windows; RECOVERABLE can be turned back into the password."""


def collect(host: Host) -> Findings:
    """The accounts, and the three switches beside them."""
    findings = Findings()
    findings.look("accounts.interactive", _interactive, host)
    findings.look("accounts.superuser_names", _superusers, host)
    findings.look("accounts.weak_hash", _weak, host)
    findings.look("accounts.shared_names", _shared, host)
    findings.look("accounts.duplicate_ids", _duplicates, host)
    findings.look("accounts.directories", macos_switches.directories, host)
    findings.look("accounts.guest_enabled", macos_switches.guest, host)
    findings.look("accounts.builtin_administrator_enabled", _root, host)
    findings.look("accounts.automatic_login", macos_switches.automatic_login, host)
    return findings


def _interactive(host: Host) -> Seen:
    everyone, administrators = macos_directory.people(host), macos_directory.administrators(host)
    try:
        longest: int | None = account_policies.max_age_days(host)
    except Unseen:
        longest = None
    records: list[Json] = [
        {
            "name": one.name,
            "id": one.number,
            "administrator": one.name in administrators,
            "password_state": one.state,
            "hash_scheme": next(iter(sorted(WEAK.intersection(one.hashes or ())) or one.hashes or ()), None),
            "password_changed_on": None if one.changed_day is None else day(one.changed_day),
            "max_age_days": longest,
            "expires_on": None,
            "last_login_at": None,
            "ssh_keys": None,
            "second_factor": "enrolled" if one.has_card else None,
        }
        for one in everyone
    ]
    return Seen(records, USERS, GROUPS)


def _superusers(host: Host) -> Seen:
    return Seen([one.name for one in macos_directory.users(host) if one.number == 0], USERS)


def _weak(host: Host) -> Seen:
    usable = [
        one for one in macos_directory.users(host) if one.state == "set" and one.name != macos_directory.GUEST
    ]
    weak: list[Json] = [
        one.name for one in usable if "basic" in one.tags or WEAK.intersection(one.hashes or ())
    ]
    unsure = [one for one in usable if "shadowhash" in one.tags and not STRONG.issuperset(one.hashes or {""})]
    if not weak and unsure:
        raise Unseen("unsupported", USERS, f"the hash of {unsure[0].name}")
    return Seen(weak, USERS)


def _shared(host: Host) -> Seen:
    return Seen(
        [one.name for one in macos_directory.people(host) if generic_names.PATTERN.fullmatch(one.name)], USERS
    )


def _duplicates(host: Host) -> Seen:
    names: dict[int, list[str]] = {}
    for one in macos_directory.users(host):
        names.setdefault(one.number, []).append(one.name)
    return Seen(
        [f"{number}: {', '.join(who)}" for number, who in sorted(names.items()) if len(who) > 1], USERS
    )


def _root(host: Host) -> Seen:
    root = [one for one in macos_directory.users(host) if one.number == 0]
    return Seen(any(one.tags and "disableduser" not in one.tags for one in root), USERS)
