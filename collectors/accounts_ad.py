"""The accounts of a domain: how they may log in, and which of them nobody uses.

Lists hold accounts that are not switched off; built-in ones are told by number. Controllers hear up to 14 days late
of a login at another one: thresholds must allow for it. One that never logged in counts from its creation.
"""

from __future__ import annotations

from collections.abc import Callable

from collectors import accounts
from collectors.door import Unseen
from collectors.door_directory import Directory
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_objects, generic_names
from collectors.readers import ad_values as values
from collectors.readers.ad_objects import Account

_LONGEST_UNUSED_MAX = 200
FACTS = {
    "accounts.shared_names": accounts.FACTS["accounts.shared_names"],
    "accounts.guest_enabled": Fact("bool", "the built-in guest may log in"),
    "accounts.enabled_count": Fact("int", "accounts of people that are not switched off"),
    "accounts.smart_card_required_count": Fact("int", "those of them that log in with a smart card only"),
    "accounts.password_not_required": Fact("list[str]", "enabled accounts that may have an empty password"),
    "accounts.password_never_expires": Fact("list[str]", "accounts of people whose password never expires"),
    "accounts.reversible_encryption": Fact(
        "list[str]", "accounts whose password is kept so that it can be read"
    ),
    "accounts.without_preauthentication": Fact(
        "list[str]", "accounts whose password anybody may guess offline, as Kerberos asks for no proof first"
    ),
    "accounts.des_only": Fact("list[str]", "accounts for which Kerberos uses DES, which is broken"),
    "accounts.with_service_name": Fact(
        "list[str]", "accounts of people with a service name: any user may guess their password offline"
    ),
    "accounts.longest_unused": Fact(
        "records{name: str, used_at: time?, created_at: time?, last_seen_at: time}",
        "the 200 accounts of people that were used longest ago; last_seen_at is used_at, or created_at without one",
    ),
}


def collect(door: Directory) -> Findings:
    """Lists of accounts by their flags, counts, and those that were used longest ago."""
    findings = Findings()
    findings.look("accounts.guest_enabled", _guest, door)
    findings.look("accounts.enabled_count", lambda: _count(door, lambda one: True))
    findings.look(
        "accounts.smart_card_required_count",
        lambda: _count(door, lambda one: bool(one.flags & values.SMART_CARD_REQUIRED)),
    )
    findings.look("accounts.shared_names", _shared, door)
    for name, flag in (
        ("accounts.password_not_required", values.PASSWORD_NOT_REQUIRED),
        ("accounts.reversible_encryption", values.REVERSIBLE),
        ("accounts.without_preauthentication", values.NO_PREAUTHENTICATION),
        ("accounts.des_only", values.DES_ONLY),
    ):
        findings.look(name, _flagged, door, flag)
    findings.look(
        "accounts.password_never_expires", _people, door, lambda one: bool(one.flags & values.NEVER_EXPIRES)
    )
    findings.look("accounts.with_service_name", _people, door, lambda one: one.has_service_name)
    findings.look("accounts.longest_unused", _longest_unused, door)
    return findings


def _source(door: Directory, what: str) -> str:
    return f"{what} in {door.base}"


def _enabled(door: Directory) -> list[Account]:
    return [one for one in ad_objects.accounts(door) if one.enabled]


def _count(door: Directory, counted: Callable[[Account], bool]) -> Seen:
    people = [one for one in _enabled(door) if one.kind == "person"]
    return Seen(sum(map(counted, people)), _source(door, "userAccountControl"))


def _flagged(door: Directory, flag: int) -> Seen:
    return Seen(
        [one.name for one in _enabled(door) if one.flags & flag and one.kind != "trust"],
        _source(door, "userAccountControl"),
    )


def _people(door: Directory, chosen: Callable[[Account], bool]) -> Seen:
    return Seen(
        [one.name for one in _enabled(door) if one.kind == "person" and chosen(one)],
        _source(door, "userAccountControl, servicePrincipalName"),
    )


def _shared(door: Directory) -> Seen:
    people = (one for one in _enabled(door) if one.kind == "person" and one.rid not in (500, 501, 502))
    return Seen([one.name for one in people if generic_names.PATTERN.fullmatch(one.name)], door.base)


def _guest(door: Directory) -> Seen:
    for one in ad_objects.accounts(door):
        if one.rid == 501:
            return Seen(one.enabled, f"userAccountControl of {one.dn}")
    raise Unseen("permission_denied", door.base, "the built-in guest does not show")


def _longest_unused(door: Directory) -> Seen:
    people = [one for one in _enabled(door) if one.kind == "person"]
    people.sort(key=lambda one: (one.last_seen_at, one.name))
    told: list[Json] = [
        {
            "name": one.name,
            "used_at": one.used_at,
            "created_at": values.created(one.entry),
            "last_seen_at": one.last_seen_at,
        }
        for one in people[:_LONGEST_UNUSED_MAX]
    ]
    return Seen(told, _source(door, "lastLogonTimestamp, whenCreated"))
