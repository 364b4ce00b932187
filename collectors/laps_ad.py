"""LAPS as the directory sees it: which Windows computers keep their own administrator's password here, and until when.

Only the time is asked for, never the password. A computer shows none where it has none or where who asks may not read
it: that is told apart by the computer's access list. Where no computer of the domain shows one, Entra ID may keep them.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import ad_objects, ad_rights
from collectors.readers import ad_values as values

FACTS = {
    "laps.computers": Fact(
        "records{name: str, kept: str?, expires_at: time?}",
        "Windows computers that are not switched off, controllers aside; kept is windows, legacy (the older LAPS) or"
        " none, and null where no computer of the domain keeps one here",
    ),
}
_TIMES = {"windows": "msLAPS-PasswordExpirationTime", "legacy": "ms-Mcs-AdmPwdExpirationTime"}
_ASKED = ["sAMAccountName", "operatingSystem", "nTSecurityDescriptor", *_TIMES.values()]


def collect(door: Directory) -> Findings:
    """Each computer with where its password is kept."""
    findings = Findings()
    findings.look("laps.computers", _computers, door)
    return findings


def _computers(door: Directory) -> Seen:
    wanted = {
        one.dn.lower(): one for one in ad_objects.accounts(door) if one.enabled and one.kind == "computer"
    }
    shown = {one.dn.lower(): one for one in door.search(door.base, "(objectClass=computer)", _ASKED)}
    records: list[dict[str, Json]] = []
    for dn, one in wanted.items():
        if dn not in shown:
            raise Unseen("permission_denied", one.dn)
        record = _record(door, one.name, shown[dn])
        if record:
            records.append(record)
    if all(one["kept"] == "none" for one in records):
        for one_record in records:
            one_record["kept"] = None
    return Seen([*records], f"{', '.join(_TIMES.values())} in {door.base}")


def _record(door: Directory, name: str, found: Entry) -> dict[str, Json] | None:
    """None for what is no Windows."""
    told: dict[str, Json] = {"name": name.removesuffix("$"), "kept": "none", "expires_at": None}
    system = found.text("operatingSystem")
    for word, attribute in _TIMES.items():
        if found.values(attribute):
            return told | {"kept": word, "expires_at": values.moment(found, attribute)}
    ad_rights.entry_is_whole(door, found)  # so that silence means there is none
    return told if system and "windows" in system.lower() else None
