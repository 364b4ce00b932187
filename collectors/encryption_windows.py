"""BitLocker: a volume counts only where it is encrypted to its end and its protection is on.

"Fully encrypted" with protection off (suspended, or no protector yet) lies beside its key in the clear, so whoever
takes the disk reads it. The answer wants an administrator's rights. A volume that is locked now is null.
"""

from __future__ import annotations

from collectors import encryption as linux
from collectors.door import Unseen
from collectors.door_windows import Row, Windows, whole
from collectors.findings import Fact, Findings, Json, Seen

FACTS = {"encryption.volumes": linux.FACTS["encryption.volumes"]} | {
    "encryption.suspended": Fact("list[str]", "volumes that are encrypted while their protection is off"),
}
NAMESPACE, CLASS = "root/CIMV2/Security/MicrosoftVolumeEncryption", "Win32_EncryptableVolume"
SOURCE = f"{NAMESPACE}:{CLASS}"
PROPERTIES = (
    "DriveLetter",
    "DeviceID",
    "VolumeType",
    "ProtectionStatus",
    "ConversionStatus",
    "EncryptionMethod",
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
    for one in _rows(host):
        letter, method = one["DriveLetter"], METHODS.get(whole(one, "EncryptionMethod", SOURCE))
        records.append(
            {
                "mount": str(letter or one["DeviceID"]),
                "role": _role(one),
                "device": str(one["DeviceID"]),
                "encrypted": _encrypted(one),
                "method": f"bitlocker {method}" if method else None,
            }
        )
    return Seen(records, SOURCE)


def _suspended(host: Windows) -> Seen:
    return Seen(
        [
            str(one["DriveLetter"] or one["DeviceID"])
            for one in _rows(host)
            if whole(one, "ConversionStatus", SOURCE) != 0 and whole(one, "ProtectionStatus", SOURCE) == OFF
        ],
        SOURCE,
    )


def _rows(host: Windows) -> tuple[Row, ...]:
    """The volumes; Windows itself lies on one, so none is no answer."""
    found = host.rows(NAMESPACE, CLASS, PROPERTIES)
    if not found:
        raise Unseen("malformed", SOURCE, "no volume")
    return found


def _role(one: Row) -> str:
    """What lies on it. A small volume without a letter (recovery, start) holds no data of users."""
    role = ROLES.get(whole(one, "VolumeType", SOURCE), "data")
    return "boot" if role == "data" and not one["DriveLetter"] else role


def _encrypted(one: Row) -> bool | None:
    protection = whole(one, "ProtectionStatus", SOURCE)
    if protection not in (OFF, ON):
        return None  # locked: what it is cannot be seen
    return protection == ON and whole(one, "ConversionStatus", SOURCE) == 1
