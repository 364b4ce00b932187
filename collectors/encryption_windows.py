"""BitLocker: a volume counts only where it is encrypted to its end and its protection is on.

"Fully encrypted" with protection off (suspended, or no protector yet) lies beside its key in the clear, so whoever
takes the disk reads it. The answer wants an administrator's rights. A volume that is locked now is null. A page file
is as encrypted as the volume on which it lies.
"""

from __future__ import annotations

from collectors import encryption as linux
from collectors.door import Unseen
from collectors.door_windows import Row, Windows, value, whole
from collectors.findings import Fact, Findings, Json, Seen

FACTS = {"encryption.volumes": linux.FACTS["encryption.volumes"]} | {
    "encryption.suspended": Fact("list[str]", "volumes that are encrypted while their protection is off"),
}
NAMESPACE, CLASS = "root/CIMV2/Security/MicrosoftVolumeEncryption", "Win32_EncryptableVolume"
SOURCE = f"{NAMESPACE}:{CLASS}"
PROPERTIES = tuple(
    "DriveLetter DeviceID VolumeType ProtectionStatus ConversionStatus EncryptionMethod".split()
)
PAGE_FILES, MEMORY = (
    "Win32_PageFileUsage",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management",
)
ROLES = {0: "system", 1: "data", 2: "removable"}
OFF, ON = 0, 1
METHODS = {
    1: "aes-cbc-128-diffuser",
    2: "aes-cbc-256-diffuser",
    3: "aes-cbc-128",
    4: "aes-cbc-256",
    5: "hardware",
    6: "aes-xts-128",
    7: "aes-xts-256",
}


def collect(host: Windows) -> Findings:
    """Every volume that BitLocker could encrypt."""
    findings = Findings()
    findings.look("encryption.volumes", _volumes, host)
    findings.look("encryption.suspended", _suspended, host)
    return findings


def _volumes(host: Windows) -> Seen:
    records: list[Json] = []
    for one in volumes(host):
        letter, method = one["DriveLetter"], METHODS.get(whole(one, "EncryptionMethod", SOURCE))
        records.append(
            {
                "mount": str(letter or one["DeviceID"]),
                "role": _role(one),
                "device": str(one["DeviceID"]),
                "encrypted": is_encrypted(one),
                "method": f"bitlocker {method}" if method else None,
            }
        )
    return Seen([*records, *_swap(host)], SOURCE, PAGE_FILES, MEMORY)


def _swap(host: Windows) -> list[Json]:
    """The page files. That there are none is believed only where none is set up."""
    try:
        names = [str(one["Name"]) for one in host.rows("root/CIMV2", PAGE_FILES, ("Name",))]
        none = value(host, MEMORY, "PagingFiles") == ()
        held = {str(one["DriveLetter"]).upper(): one for one in volumes(host)}
    except Unseen:
        names, none, held = [], False, {}
    if not names:
        return [] if none else [_page_file("page file", None)]
    return [_page_file(name, held.get(name[:2].upper())) for name in names]


def _page_file(name: str, on: Row | None) -> Json:
    return {
        "mount": name,
        "role": "swap",
        "device": str(on["DeviceID"]) if on else name,
        "encrypted": is_encrypted(on) if on else None,
        "method": None,
    }


def _suspended(host: Windows) -> Seen:
    return Seen(
        [
            str(one["DriveLetter"] or one["DeviceID"])
            for one in volumes(host)
            if whole(one, "ConversionStatus", SOURCE) != 0 and whole(one, "ProtectionStatus", SOURCE) == OFF
        ],
        SOURCE,
    )


def volumes(host: Windows) -> tuple[Row, ...]:
    """The volumes; Windows itself lies on one, so none is no answer."""
    found = host.rows(NAMESPACE, CLASS, PROPERTIES)
    if not found:
        raise Unseen("malformed", SOURCE, "no volume")
    return found


def _role(one: Row) -> str:
    """What lies on it. A small volume without a letter (recovery, start) holds no data of users."""
    role = ROLES.get(whole(one, "VolumeType", SOURCE), "data")
    return "boot" if role == "data" and not one["DriveLetter"] else role


def is_encrypted(one: Row) -> bool | None:
    """Whether what lies on a volume is; None where it is locked, so that nothing can be seen."""
    protection = whole(one, "ProtectionStatus", SOURCE)
    if protection not in (OFF, ON):
        return None
    return protection == ON and whole(one, "ConversionStatus", SOURCE) == 1
