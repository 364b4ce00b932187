"""FileVault: whether the startup volume is encrypted under somebody's password, as fdesetup(8) says; other volumes.

Encryption that is under way, waits for a login (deferred) or for a restart protects nothing yet. A Mac's own chip
encrypts the disk without FileVault too, but gives the key to whoever starts the Mac. What fdesetup says in words that
are not known here is malformed. Its words are not translated. Other mounted volumes are told by diskutil, swap by
the kernel; where one of them cannot be told its record says null, and a record stands for volumes not seen.
"""

from __future__ import annotations

import re
from typing import Final

from collectors import encryption
from collectors.door import Host, Mount, Unseen
from collectors.findings import Findings, Json, Seen
from collectors.readers import addresses, macos_disks

FACTS = {"encryption.volumes": encryption.FACTS["encryption.volumes"]}
STATUS: Final = ("fdesetup", "status")
SWAP: Final = ("sysctl", "-n", "vm.swapusage")
SYSTEMS: Final = ("/System/Volumes/", "/private/var/vm/", "/Volumes/Recovery/")
NO_STORAGE: Final = ("devfs", "autofs", "synthfs")
_SWAP: Final = re.compile(r"total = \S+ +used = \S+ +free = \S+(?: +(\(encrypted\)))?")
_BESIDE: Final = re.compile(r"FileVault master keychain appears to be installed\.?")
_PENDING: Final = re.compile(
    r"FileVault is Off, but .+|(?:Encryption|Decryption) in progress: .+|Deferred enablement appears to be active .+",
    re.IGNORECASE,
)


def collect(host: Host) -> Findings:
    """The startup volume, other mounted ones, and swap."""
    findings = Findings()
    findings.look("encryption.volumes", _volumes, host)
    return findings


def _volumes(host: Host) -> Seen:
    told = host.run(STATUS)
    on = _is_on(told.text, told.source)
    volume: dict[str, Json] = {"mount": "/", "role": "system", "device": "startup volume", "encrypted": on}
    volume["method"] = "filevault" if on else None
    return Seen([volume, *_others(host), _swap(host)], told.source, "mount", " ".join(SWAP))


def _others(host: Host) -> list[Json]:
    """What is mounted beside the system; images and the system's own parts are no volumes of their own."""
    try:
        mounted = [one for one in host.mounts() if not _is_systems(one)]
    except Unseen:
        return [_record("other volumes", "data", "not seen", None)]
    found: list[Json] = []
    for one in mounted:
        try:
            encrypted, image = macos_disks.is_encrypted(host, one)
        except Unseen:
            encrypted, image = None, False
        found += [] if image else [_record(one.path, "data", addresses.plain(one.device), encrypted)]
    return found


def _is_systems(mount: Mount) -> bool:
    return mount.path == "/" or f"{mount.path}/".startswith(SYSTEMS) or mount.kind in NO_STORAGE


def _swap(host: Host) -> Json:
    """A Mac has swap files whenever it needs them, so there is always an answer to give."""
    try:
        told = _SWAP.fullmatch(host.run(SWAP).text.strip())
    except Unseen:
        told = None
    return _record("swap", "swap", "/private/var/vm", bool(told[1]) if told else None)


def _record(mount: str, role: str, device: str, encrypted: bool | None) -> Json:
    return {"mount": mount, "role": role, "device": device, "encrypted": encrypted, "method": None}


def _is_on(text: str, source: str) -> bool:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not _BESIDE.fullmatch(line)]
    if lines == ["FileVault is On."]:
        return True
    pending = [line for line in lines if _PENDING.fullmatch(line)]
    rest = [line for line in lines if line not in pending]
    if rest == ["FileVault is Off."] or (pending and rest in ([], ["FileVault is On."])):
        return False
    raise Unseen("malformed", source, "not the words of fdesetup")
