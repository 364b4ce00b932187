"""FileVault: whether the startup volume is encrypted under somebody's password, as fdesetup(8) says.

Encryption that is under way, waits for a login (deferred) or for a restart protects nothing yet. A Mac's own chip
encrypts the disk without FileVault too, but gives the key to whoever starts the Mac. What fdesetup says in words that
are not known here is malformed. Its words are not translated.
"""

from __future__ import annotations

import re
from typing import Final

from collectors import encryption
from collectors.door import Host, Unseen
from collectors.findings import Findings, Json, Seen

FACTS = {"encryption.volumes": encryption.FACTS["encryption.volumes"]}
STATUS: Final = ("fdesetup", "status")
_BESIDE: Final = re.compile(r"FileVault master keychain appears to be installed\.?")
_PENDING: Final = re.compile(
    r"FileVault is Off, but .+|(?:Encryption|Decryption) in progress: .+|Deferred enablement appears to be active .+",
    re.IGNORECASE,
)


def collect(host: Host) -> Findings:
    """The startup volume; other volumes are not looked at."""
    findings = Findings()
    findings.look("encryption.volumes", _volumes, host)
    return findings


def _volumes(host: Host) -> Seen:
    told = host.run(STATUS)
    on = _is_on(told.text, told.source)
    volume: dict[str, Json] = {"mount": "/", "role": "system", "device": "startup volume", "encrypted": on}
    volume["method"] = "filevault" if on else None
    return Seen([volume], told.source)


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
