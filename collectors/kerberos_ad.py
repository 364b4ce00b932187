"""What seals the tickets of services that run under a person's kind of account ([MS-KILE] 2.2.7).

Any user may ask for such a ticket and guess the password behind it offline: with RC4 a thousand times faster than with
AES. Where nothing is set the controllers' own default holds, which is not seen from here: null, never good.
"""

from __future__ import annotations

from collectors.door_directory import Directory
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_objects
from collectors.readers import ad_values as values

FACTS = {
    "kerberos.service_accounts": Fact(
        "records{name: str, rc4: bool?, aes: bool?, password_changed_at: time?}",
        "enabled accounts of people with a service name, and what may seal their tickets; null where it is not set",
    ),
}
_RC4, _AES = 0x4, 0x18


def collect(door: Directory) -> Findings:
    """Each account with a service name."""
    findings = Findings()
    findings.look("kerberos.service_accounts", _service_accounts, door)
    return findings


def _service_accounts(door: Directory) -> Seen:
    told: list[Json] = []
    for one in ad_objects.accounts(door):
        if one.enabled and one.kind == "person" and one.has_service_name:
            types = one.entry.number("msDS-SupportedEncryptionTypes")
            rc4, aes = (bool(types & _RC4), bool(types & _AES)) if types else (None, None)
            changed_at = values.moment(one.entry, "pwdLastSet")
            told.append({"name": one.name, "rc4": rc4, "aes": aes, "password_changed_at": changed_at})
    return Seen(told, f"msDS-SupportedEncryptionTypes in {door.base}")
