"""Local accounts of Windows, by number: 500 is the built-in administrator, 501 the guest, whatever they are called.

Who is an administrator is told by the members of the group S-1-5-32-544. An account that is disabled is locked; one
that needs no password may have one, so its password is not known to be empty, and it has a fact of its own.
"""

from __future__ import annotations

from collectors import accounts as linux
from collectors.door import Unseen
from collectors.door_windows import Member, User, Windows, value
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import generic_names, local_accounts
from collectors.readers.local_accounts import DISABLED

FACTS = {name: linux.FACTS[name] for name in ("accounts.interactive", "accounts.shared_names")} | {
    "accounts.guest_enabled": Fact("bool", "the built-in guest may log in"),
    "accounts.builtin_administrator_enabled": Fact("bool", "the built-in administrator may log in"),
    "accounts.password_not_required": Fact("list[str]", "enabled accounts that may have an empty password"),
    "accounts.automatic_login": Fact("bool", "the machine logs somebody in by itself when it starts"),
}
API, GROUP = "NetUserEnum(3)", "NetLocalGroupGetMembers"
ADMINISTRATORS = "S-1-5-32-544"
WINLOGON = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
NOT_REQUIRED = 0x20
ADMINISTRATOR, GUEST = 500, 501


def collect(host: Windows) -> Findings:
    """The accounts, and what of them is dangerous."""
    findings = Findings()
    findings.look("accounts.interactive", _interactive, host)
    findings.look("accounts.shared_names", _shared_names, host)
    findings.look("accounts.guest_enabled", _enabled, host, GUEST)
    findings.look("accounts.builtin_administrator_enabled", _enabled, host, ADMINISTRATOR)
    findings.look("accounts.password_not_required", _password_not_required, host)
    findings.look("accounts.automatic_login", _automatic_login, host)
    return findings


def _users(host: Windows) -> tuple[User, ...]:
    """The accounts; Windows always has the built-in ones, so none is no answer."""
    found = host.users()
    if not any(one.rid == ADMINISTRATOR for one in found):
        raise Unseen("malformed", API, "no built-in administrator")
    return found


def _interactive(host: Windows) -> Seen:
    try:
        administrators: tuple[Member, ...] = host.members(ADMINISTRATORS)
    except Unseen as unseen:
        raise Unseen(unseen.reason, f"{GROUP} {ADMINISTRATORS}", unseen.detail) from None
    numbers = {int(one.sid.rpartition("-")[2]) for one in administrators if one.sid.startswith("S-1-5-21-")}
    local = {one.name.rpartition("\\")[2].lower() for one in administrators}
    longest, keys = local_accounts.max_age_days(host), local_accounts.ssh_keys(host)
    return Seen(
        [
            local_accounts.record(one, one.rid in numbers and one.name.lower() in local, longest, keys)
            for one in _users(host)
        ],
        API,
        f"{GROUP} {ADMINISTRATORS}",
    )


def _shared_names(host: Windows) -> Seen:
    """The built-in ones have facts of their own."""
    names: list[Json] = [
        one.name
        for one in _users(host)
        if one.rid >= 1000 and not one.flags & DISABLED and generic_names.PATTERN.fullmatch(one.name)
    ]
    return Seen(names, API)


def _enabled(host: Windows, rid: int) -> Seen:
    found = [one for one in _users(host) if one.rid == rid]
    if len(found) != 1:
        raise Unseen("malformed", API, f"{len(found)} accounts with the number {rid}")
    return Seen(not found[0].flags & DISABLED, API)


def _password_not_required(host: Windows) -> Seen:
    names: list[Json] = [
        one.name for one in _users(host) if one.flags & NOT_REQUIRED and not one.flags & DISABLED
    ]
    return Seen(names, API)


def _automatic_login(host: Windows) -> Seen:
    """AutoAdminLogon is a text; the password may be kept in a secret, so its absence here proves nothing."""
    host.values(WINLOGON)
    return Seen(str(value(host, WINLOGON, "AutoAdminLogon") or "0").strip() == "1", WINLOGON)
