"""Who holds power over a domain: the members of its privileged groups, nested ones and primary ones too.

Groups are told by their number: 512 domain, 518 schema and 519 enterprise administrators, 544 administrators,
548 to 551 operators of accounts, servers, printers and backups, 526 and 527 key administrators. A member that
does not show, of another domain or hidden, is told as what it is: its password and flags are not known here.
"""

from __future__ import annotations

from collectors.door_directory import Directory
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_objects, ad_privileges
from collectors.readers import ad_values as values
from collectors.readers.ad_objects import Account

FACTS = {
    "privileges.members": Fact(
        "records{name: str, group: str, path: str, kind: str, enabled: bool?, service_name: bool?,"
        " smart_card_required: bool?, delegable: bool?, protected: bool?, password_changed_at: time?,"
        " last_seen_at: time?}",
        "members of privileged groups, nested ones too; kind is person, computer, controller, managed, trust,"
        " foreign or unseen; protected is in Protected Users",
    ),
    "privileges.domain_administrators_count": Fact(
        "int",
        "accounts that are not switched off in the groups of domain, enterprise or built-in administrators",
    ),
    "privileges.left_behind": Fact(
        "list[str]", "accounts that were privileged once (adminCount) and are in no privileged group any more"
    ),
}


def collect(door: Directory) -> Findings:
    """Every member with what protects its account; how many administrators; who was privileged once."""
    findings = Findings()
    findings.look("privileges.members", _members, door)
    findings.look("privileges.domain_administrators_count", _count, door)
    findings.look("privileges.left_behind", _left_behind, door)
    return findings


def _members(door: Directory) -> Seen:
    known = {one.dn.lower(): one for one in ad_objects.accounts(door)}
    safe = ad_privileges.protected(door)
    records = [
        _record(known.get(name), name, word, path, name in safe)
        for word, path, name in ad_privileges.holders(door)
    ]
    records.sort(key=lambda one: (str(one["group"]), str(one["name"])))
    return Seen([*records], f"member and primaryGroupID in {door.base}")


def _record(one: Account | None, dn: str, word: str, path: str, protected: bool) -> dict[str, Json]:
    told: dict[str, Json] = {"name": one.name if one else dn, "group": word, "path": path}
    if one is None:
        kind = "foreign" if ",cn=foreignsecurityprincipals," in dn else "unseen"
        empty = dict.fromkeys(
            ("enabled", "service_name", "smart_card_required", "delegable", "protected",
             "password_changed_at", "last_seen_at")
        )  # fmt: skip
        return {**told, "kind": kind, **empty}
    return told | {
        "kind": one.kind,
        "enabled": one.enabled,
        "service_name": one.has_service_name,
        "smart_card_required": bool(one.flags & values.SMART_CARD_REQUIRED),
        "delegable": not one.flags & values.NOT_DELEGATED,
        "protected": protected,
        "password_changed_at": values.moment(one.entry, "pwdLastSet"),
        "last_seen_at": one.last_seen_at,
    }


def _count(door: Directory) -> Seen:
    enabled = {one.dn.lower() for one in ad_objects.accounts(door) if one.enabled}
    held = {name for word, _, name in ad_privileges.holders(door) if word in ad_privileges.ADMINISTRATORS}
    strangers = held - {one.dn.lower() for one in ad_objects.accounts(door)}
    return Seen(len(held & enabled) + len(strangers), f"member and primaryGroupID in {door.base}")


def _left_behind(door: Directory) -> Seen:
    held = {name for _, _, name in ad_privileges.holders(door)}
    marked = [
        one for one in ad_objects.accounts(door) if one.entry.number("adminCount") == 1 and one.rid != 502
    ]
    there = [one.name for one in marked if one.dn.lower() not in held and one.kind == "person"]
    return Seen([*there], f"adminCount in {door.base}")
