"""The domain as a whole: its computers, who may act for others, and the settings that bind everybody.

Delegation without limits lets a host act as everybody who logs in to it; controllers have it by design and
are left out. A computer that the directory expects and that sends no report is a gap in coverage.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors.door import Unseen
from collectors.door_directory import Directory, entry, needed
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_objects, ad_security
from collectors.readers import ad_values as values
from collectors.readers.ad_objects import Account

FACTS = {
    "directory.computers": Fact(
        "records{name: str, dns_name: str?, system: str?, enabled: bool, controller: bool, last_seen_at: time}",
        "computers that the domain knows: the hosts that are to be expected",
    ),
    "directory.delegation": Fact(
        "records{name: str, kind: str, person: bool, to: list[str]}",
        "accounts that may act for others, controllers aside; kind is unconstrained, constrained,"
        " protocol_transition (without their login) or resource_based (to: who may act for others there)",
    ),
    "directory.krbtgt_changed_at": Fact("time", "when the key behind all Kerberos tickets was changed last"),
    "directory.machine_account_quota": Fact("int", "how many computers any user may join to the domain"),
    "directory.functional_level": Fact("int", "functional level of the domain: 7 is 2016, 10 is 2025"),
    "directory.anonymous_access": Fact("bool", "guests may read the directory (dSHeuristics)"),
    "directory.smart_card_hash_rolls": Fact(
        "bool", "the hidden password of accounts with a smart card only is changed as others expire"
    ),
}
_KRBTGT, _ALLOWED = 502, "msDS-AllowedToActOnBehalfOfOtherIdentity"


def collect(door: Directory) -> Findings:
    """Computers, delegation, the age of krbtgt, and what the head of the domain says."""
    findings = Findings()
    findings.look("directory.computers", _computers, door)
    findings.look("directory.delegation", _delegation, door)
    findings.look("directory.krbtgt_changed_at", _krbtgt, door)
    findings.look("directory.machine_account_quota", _number, door, "ms-DS-MachineAccountQuota")
    findings.look("directory.functional_level", _number, door, "msDS-Behavior-Version")
    findings.look("directory.anonymous_access", _anonymous, door)
    findings.look("directory.smart_card_hash_rolls", _hash_rolls, door)
    return findings


def _computers(door: Directory) -> Seen:
    told: list[Json] = [
        {
            "name": one.name.removesuffix("$"),
            "dns_name": one.entry.text("dNSHostName"),
            "system": one.entry.text("operatingSystem"),
            "enabled": one.enabled,
            "controller": one.kind == "controller",
            "last_seen_at": one.last_seen_at,
        }
        for one in ad_objects.accounts(door)
        if one.kind in ("computer", "controller")
    ]
    return Seen(told, f"userAccountControl in {door.base}")


def _delegation(door: Directory) -> Seen:
    told: list[Json] = [
        {"name": one.name, "kind": kind, "person": one.kind == "person", "to": to}
        for one in ad_objects.accounts(door)
        if one.enabled
        for kind, to in _ways(one)
    ]
    return Seen(told, f"userAccountControl, msDS-AllowedToDelegateTo, {_ALLOWED} in {door.base}")


def _ways(one: Account) -> Iterator[tuple[str, list[Json]]]:
    if one.flags & values.TRUSTED_FOR_DELEGATION and one.kind != "controller":
        yield "unconstrained", []
    to: list[Json] = [*sorted(one.entry.texts("msDS-AllowedToDelegateTo"))]
    if to or one.flags & values.TO_AUTHENTICATE_FOR_DELEGATION:
        without_login = one.flags & values.TO_AUTHENTICATE_FOR_DELEGATION
        yield ("protocol_transition" if without_login else "constrained"), to
    descriptor = one.entry.one(_ALLOWED)
    if descriptor is not None:
        listed = ad_security.aces(descriptor, f"{_ALLOWED} of {one.dn}")
        yield "resource_based", [*ad_security.allowed(listed)]


def _krbtgt(door: Directory) -> Seen:
    for one in ad_objects.accounts(door):
        if one.rid == _KRBTGT:
            needed(one.entry, "pwdLastSet")
            return Seen(values.moment(one.entry, "pwdLastSet"), f"pwdLastSet of {one.dn}")
    raise Unseen("permission_denied", door.base, "krbtgt does not show")


def _number(door: Directory, name: str) -> Seen:
    head = ad_objects.head(door)
    needed(head, name)
    return Seen(head.number(name), f"{name} of {head.dn}")


def _anonymous(door: Directory) -> Seen:
    (configuration,) = door.root.texts("configurationNamingContext") or ("",)
    name = f"CN=Directory Service,CN=Windows NT,CN=Services,{configuration}"
    service = entry(door, name, ["cn", "dSHeuristics"])
    needed(service, "cn")  # who sees the name sees the setting: both are of one kind
    return Seen((service.text("dSHeuristics") or "")[6:7] == "2", f"dSHeuristics of {name}")


def _hash_rolls(door: Directory) -> Seen:
    head = ad_objects.head(door)
    name = "msDS-ExpirePasswordsOnSmartCardOnlyAccounts"
    needed(head, "msDS-Behavior-Version")
    return Seen(head.truth(name) is True, f"{name} of {head.dn}")
