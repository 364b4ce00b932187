"""The local accounts: whom passwd and shadow let in, with what kind of password, and for how long.

Only the state and the scheme of a hash are told, never the hash. Users of a directory are not in the local
files; `accounts.directories` names the services that bring them. An account is interactive when its shell
lets somebody in, whatever the state of its password: a key may open it.
"""

from __future__ import annotations

from collectors.door import Host
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import generic_names, interactive, nsswitch, passwd
from collectors.readers.people import default_inactive, first_ordinary_uid, people

FACTS = {
    "accounts.interactive": Fact(
        "records{name: str, id: int, administrator: bool, password_state: str, hash_scheme: str?,"
        " password_changed_on: date?, max_age_days: int?, expires_on: date?, last_login_at: time?, ssh_keys: int?,"
        " second_factor: str?}",
        "local accounts with a login shell; password_state is set, empty, locked or none",
    ),
    "accounts.superuser_names": Fact("list[str]", "names with user number 0"),
    "accounts.empty_password": Fact("list[str]", "accounts that need no password"),
    "accounts.weak_hash": Fact("list[str]", "accounts whose usable password has a weak hash"),
    "accounts.shared_names": Fact("list[str]", "interactive accounts named for a role, a place or a product"),
    "accounts.duplicate_ids": Fact("list[str]", "user numbers that several names share"),
    "accounts.system_with_password": Fact("list[str]", "system accounts, root aside, with a usable password"),
    "accounts.inactive_disable_days": Fact(
        "int", "days after a password's end until the account is closed, the worst of all; -1 is never"
    ),
    "accounts.directories": Fact("list[str]", "services that bring users who are not in the local files"),
}
_BOTH = (passwd.PASSWD, passwd.SHADOW)


def collect(host: Host) -> Findings:
    """Every account of /etc/passwd with what /etc/shadow and the home folders say of it."""
    findings = Findings()
    findings.look("accounts.superuser_names", _superusers, host)
    findings.look("accounts.duplicate_ids", _duplicates, host)
    findings.look("accounts.shared_names", _shared, host)
    findings.look("accounts.empty_password", _empty, host)
    findings.look("accounts.weak_hash", _weak, host)
    findings.look("accounts.system_with_password", _system, host)
    findings.look("accounts.inactive_disable_days", _inactive, host)
    findings.look("accounts.interactive", interactive.records, host)
    findings.look("accounts.directories", lambda: Seen([*nsswitch.directories(host)], nsswitch.PATH))
    return findings


def _superusers(host: Host) -> Seen:
    return Seen([one.name for one in passwd.accounts(host) if one.uid == 0], passwd.PASSWD)


def _duplicates(host: Host) -> Seen:
    names: dict[int, list[str]] = {}
    for one in passwd.accounts(host):
        names.setdefault(one.uid, []).append(one.name)
    shared: list[Json] = [f"{uid}: {', '.join(who)}" for uid, who in sorted(names.items()) if len(who) > 1]
    return Seen(shared, passwd.PASSWD)


def _shared(host: Host) -> Seen:
    generic = [
        one.name
        for one in passwd.accounts(host)
        if one.interactive and generic_names.PATTERN.fullmatch(one.name)
    ]
    return Seen([*generic], passwd.PASSWD)


def _empty(host: Host) -> Seen:
    return Seen([one.account.name for one in people(host) if one.state == "empty"], *_BOTH)


def _weak(host: Host) -> Seen:
    usable = (one for one in people(host) if one.state == "set")
    return Seen([one.account.name for one in usable if one.scheme in passwd.WEAK_SCHEMES], *_BOTH)


def _system(host: Host) -> Seen:
    first = first_ordinary_uid(host)
    usable = (one.account for one in people(host) if one.state in ("set", "empty"))
    return Seen([one.name for one in usable if 0 < one.uid < first], *_BOTH)


def _inactive(host: Host) -> Seen:
    default, source = default_inactive(host)
    there = [
        one for one in people(host) if one.account.interactive and one.state == "set" and one.account.uid
    ]
    days = [default, *(one.inactive for one in there)]
    return Seen(-1 if -1 in days else max(days), source, passwd.SHADOW)
