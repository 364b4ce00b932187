"""Other domains that this one trusts, and what holds their accounts back ([MS-ADTS] 6.1.6.7, [MS-PAC] 4.1.2.2).

A trust goes out where the other's accounts may log in here. Identifiers are filtered on an external trust where it is
quarantined, on a forest trust unless it is treated as external; within a forest they are not, by design.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, needed
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_rights

FACTS = {
    "trusts.domains": Fact(
        "records{name: str, kind: str, outgoing: bool, incoming: bool, filtered: bool?, selective: bool, rc4: bool?}",
        "trusts; kind is forest, external, within_forest or realm; outgoing: its accounts may log in here; filtered:"
        " they cannot claim identifiers of this domain; selective: only where they are let in; rc4: where that is set",
    ),
}
_ASKED = ["trustPartner", "trustDirection", "trustType", "trustAttributes", "msDS-SupportedEncryptionTypes"]
_INCOMING, _OUTGOING = 1, 2
_REALM_TYPE = 3
_QUARANTINED, _FOREST, _SELECTIVE, _WITHIN, _AS_EXTERNAL, _USES_RC4 = 0x4, 0x8, 0x10, 0x20, 0x40, 0x80
_RC4 = 0x4


def collect(door: Directory) -> Findings:
    """Every trust, where it is proven that none is hidden."""
    findings = Findings()
    findings.look("trusts.domains", _trusts, door)
    return findings


def _trusts(door: Directory) -> Seen:
    container = f"CN=System,{door.base}"
    ad_rights.list_is_whole(door, container)
    found = door.search(container, "(objectClass=trustedDomain)", _ASKED, "one")
    return Seen([_record(one) for one in found], f"trustAttributes in {container}")


def _record(one: Entry) -> Json:
    needed(one, "trustPartner", "trustDirection", "trustType", "trustAttributes")
    flags, direction = one.number("trustAttributes") or 0, one.number("trustDirection") or 0
    if direction & ~(_INCOMING | _OUTGOING):
        raise Unseen("malformed", f"trustDirection of {one.dn}")
    kind, filtered = _kind(one, flags)
    types = one.number("msDS-SupportedEncryptionTypes")
    rc4 = True if flags & _USES_RC4 else bool(types & _RC4) if types else None
    return {
        "name": one.text("trustPartner"),
        "kind": kind,
        "outgoing": bool(direction & _OUTGOING),
        "incoming": bool(direction & _INCOMING),
        "filtered": filtered,
        "selective": bool(flags & _SELECTIVE),
        "rc4": rc4,
    }


def _kind(one: Entry, flags: int) -> tuple[str, bool | None]:
    if (
        one.number("trustType") == _REALM_TYPE
    ):  # Kerberos without Windows: what it claims is not known from here
        return "realm", None
    if flags & _WITHIN:
        return "within_forest", None
    if flags & _FOREST:
        return "forest", bool(flags & _QUARANTINED) or not flags & _AS_EXTERNAL
    return "external", bool(flags & _QUARANTINED)
