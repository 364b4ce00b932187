"""What group policies make of the domain controllers: signing, channel binding, old logins, what they record.

This is what is demanded of controllers, not what one of them does: a registry nobody reads from here may say more. A
setting that no policy makes is missing, not the default of some release. The weakest controller is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from collectors.door_directory import Directory
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_audit, ad_group_policy, ad_links
from collectors.readers.ad_audit import FAILURE, SUBCATEGORIES, SUCCESS

FACTS = {
    "controllers.policies": Fact(
        "records{policy: str, linked_at: str, enforced: bool, taken: str, why: str?}",
        "group policies linked for domain controllers, strongest claim first; taken, not taken or undecided",
    ),
    "controllers.ldap_signing_required": Fact("bool", "policy makes controllers refuse unsigned LDAP"),
    "controllers.ldap_channel_binding": Fact(
        "int", "what policy demands of LDAP over TLS: 0 no channel binding, 1 where the client can, 2 always"
    ),
    "controllers.smb_signing_required": Fact("bool", "policy makes controllers refuse unsigned SMB"),
    "controllers.lm_compatibility_level": Fact(
        "int", "which logins policy makes controllers take: 5 refuses LM and NTLM, and takes NTLMv2"
    ),
    "controllers.no_lm_hash": Fact("bool", "policy keeps controllers from storing LM hashes"),
    "controllers.audit": Fact(
        "records{guid: str, name: str, success: bool, failure: bool}",
        "what policy makes every controller record, of the subcategories that matter here; open ones are left out",
    ),
    "controllers.records_logins": Fact(
        "bool", "policy makes every controller record logins and checks of passwords, good and bad ones"
    ),
    "controllers.records_accounts": Fact(
        "bool", "policy makes every controller record changes of accounts and groups"
    ),
    "controllers.records_audit_changes": Fact(
        "bool", "policy makes every controller record changes of the audit policy itself"
    ),
}
_WORDS = {
    "controllers.records_logins": {"logon": SUCCESS | FAILURE, "credential validation": SUCCESS | FAILURE},
    "controllers.records_accounts": {
        "user account management": SUCCESS,
        "security group management": SUCCESS,
    },
    "controllers.records_audit_changes": {"audit policy change": SUCCESS},
}


def collect(door: Directory) -> Findings:
    """Which policies hold, and what they set."""
    findings = Findings()
    findings.look("controllers.policies", _policies, door)
    findings.look("controllers.ldap_signing_required", _is, door, "ldap_signing", 2)
    findings.look("controllers.ldap_channel_binding", _number, door, "ldap_channel_binding")
    findings.look("controllers.smb_signing_required", _is, door, "smb_signing", 1)
    findings.look("controllers.lm_compatibility_level", _number, door, "lm_compatibility")
    findings.look("controllers.no_lm_hash", _is, door, "no_lm_hash", 1)
    findings.look("controllers.audit", _audit, door)
    for name, wanted in _WORDS.items():
        findings.look(name, _records, door, wanted)
    return findings


def _policies(door: Directory) -> Seen:
    told: dict[tuple[str, str], Json] = {}
    for controller in ad_links.controllers(door):
        for step in ad_group_policy.steps(door, controller):
            told[step.link.policy, step.link.where] = {
                "policy": step.name,
                "linked_at": step.link.where,
                "enforced": step.link.enforced,
                "taken": step.word,
                "why": step.why or None,
            }
    return Seen([*told.values()], f"gPLink in {door.base}")


def _is(door: Directory, word: str, wanted: int) -> Seen:
    value, source = ad_group_policy.weakest(door, word)
    return Seen(value == wanted, source)


def _number(door: Directory, word: str) -> Seen:
    return Seen(*ad_group_policy.weakest(door, word))


def _audit(door: Directory) -> Seen:
    found, open_ones = ad_audit.all_recorded(door)
    if not found:
        raise open_ones[0]
    records: list[Json] = [
        {"guid": guid, "name": name, "success": bool(flags & SUCCESS), "failure": bool(flags & FAILURE)}
        for guid, name in SUBCATEGORIES.items()
        for flags in ([found[name][0]] if name in found else [])
    ]
    return Seen(records, f"group policies of {door.base}")


def _records(door: Directory, wanted: Mapping[str, int]) -> Seen:
    """False where one is sure to be left out, whatever is open of the others."""
    found, open_ones = ad_audit.all_recorded(door, wanted)
    for name, (flags, by) in found.items():
        if flags & wanted[name] != wanted[name]:
            return Seen(False, *by)
    if open_ones:
        raise open_ones[0]
    return Seen(True, *(source for _, by in found.values() for source in by))
