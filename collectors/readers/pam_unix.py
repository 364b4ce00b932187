"""What pam_unix itself demands of a new password, and how it stores it (Linux-PAM's pam_unix, support.c).

Arguments count by how they begin; of the hashes the last one named. Without one it is login.defs' first
ENCRYPT_METHOD, else traditional DES, of which no more than eight characters are looked at.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host
from collectors.findings import Seen
from collectors.readers import login_defs, os_release
from collectors.readers.pam import Step

SCHEMES: Final = {
    "md5": "md5",
    "bigcrypt": "bigcrypt",
    "sha256": "sha256",
    "sha512": "sha512",
    "blowfish": "bcrypt",
    "gost_yescrypt": "gost_yescrypt",
    "yescrypt": "yescrypt",
}
_DEBIAN_LENGTH: Final = 6
_DES_LENGTH: Final = 8


def scheme(host: Host, step: Step) -> Seen:
    """The hash of what a line stores. Raises `Unseen`."""
    named = [name for one in step.arguments if (name := _scheme(one))]
    if named:
        return Seen(named[-1], step.source)
    method = login_defs.for_pam(host, "ENCRYPT_METHOD")
    if method is None:
        return Seen("des", f"{step.source}: no scheme, and no ENCRYPT_METHOD")
    value, source = method
    return Seen(_scheme(value.lower()) or "des", source)


def length(host: Host, step: Step) -> tuple[int, str]:
    """The least length: 6 unless set on Debian and its kin, and nothing elsewhere. Raises `Unseen`.

    Debian's obscure is taken and does nothing any more.
    """
    told, source = step.option("minlen"), step.source
    least = _leading(told or "")
    if told is None:
        source = "pam_unix default"
        least = _DEBIAN_LENGTH if _is_debian(host) else 0
    if least > _DES_LENGTH and scheme(host, step).value == "des":
        least = _DES_LENGTH
    return max(least, 0), source


def remembered(step: Step) -> tuple[int, str]:
    """How many old passwords are refused."""
    return max(_leading(step.option("remember") or ""), 0), step.source


def refuses(host: Host, step: Step, length_before: int) -> bool:
    """Whether it may refuse a password that has this length and was taken before: then it asks for another.

    With remember, of whatever number, it looks at what is remembered already.
    """
    return length(host, step)[0] > length_before or step.option("remember") is not None


def _scheme(text: str) -> str | None:
    return next((name for token, name in SCHEMES.items() if text.startswith(token)), None)


def _leading(text: str) -> int:
    """A number as atoi reads it: 0 where there is none."""
    match = re.match(r"\s*[+-]?\d+", text)
    return int(match[0]) if match else 0


def _is_debian(host: Host) -> bool:
    release, _ = os_release.read(host)
    return not {"debian", "ubuntu"}.isdisjoint((release.get("ID", ""), *release.get("ID_LIKE", "").split()))
