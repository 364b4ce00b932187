"""Values as Active Directory stores them: times, spans, security identifiers, account flags.

[MS-ADTS] 2.2.16 (userAccountControl), 3.1.1.3.4.5 (rootDSE); [MS-DTYP] 2.3.3 (FILETIME), 2.4.2 (SID). A time of 0
and one of 2**63-1 both mean never; a span is negative, in units of 100 ns, and -2**63 means without end.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from collectors.door import Unseen
from collectors.door_directory import Entry
from collectors.findings import rfc3339

DISABLED: Final = 0x2
PASSWORD_NOT_REQUIRED: Final = 0x20
REVERSIBLE: Final = 0x80
TRUST_ACCOUNT: Final = 0x800
WORKSTATION: Final = 0x1000
DOMAIN_CONTROLLER: Final = 0x2000
NEVER_EXPIRES: Final = 0x10000
SMART_CARD_REQUIRED: Final = 0x40000
TRUSTED_FOR_DELEGATION: Final = 0x80000
NOT_DELEGATED: Final = 0x100000
DES_ONLY: Final = 0x200000
NO_PREAUTHENTICATION: Final = 0x400000
TO_AUTHENTICATE_FOR_DELEGATION: Final = 0x1000000
READ_ONLY_CONTROLLER: Final = 0x4000000

NEVER_DAYS: Final = 99999
"""As `password.max_age_days` says never on every platform."""
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER: Final = 2**63 - 1
_WITHOUT_END: Final = -(2**63)
_SECOND: Final = 10_000_000


def moment(entry: Entry, name: str) -> str | None:
    """A FILETIME as a fact; None for never, and where it is not there."""
    ticks = entry.number(name)
    if ticks is None or ticks in (0, _NEVER):
        return None
    try:
        return rfc3339(_EPOCH + timedelta(seconds=ticks // _SECOND))
    except (OverflowError, ValueError):
        raise Unseen("malformed", f"{name} of {entry.dn}", "no time") from None


def created(entry: Entry, name: str = "whenCreated") -> str | None:
    """A GeneralizedTime (20261124120000.0Z) as a fact."""
    text = entry.text(name)
    if text is None:
        return None
    try:
        return rfc3339(
            datetime.strptime(text.split(".")[0].rstrip("Z") + "Z", "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
        )
    except ValueError:
        raise Unseen("malformed", f"{name} of {entry.dn}", "no time") from None


def seconds(entry: Entry, name: str) -> int | None:
    """A span in whole seconds; None where it has no end. `permission_denied` where it does not show."""
    ticks = entry.number(name)
    if ticks is None:
        raise Unseen("permission_denied", f"{name} of {entry.dn}")
    if ticks == _WITHOUT_END:
        return None
    if ticks > 0:
        raise Unseen("malformed", f"{name} of {entry.dn}", "a span is not positive")
    return -ticks // _SECOND


def sid(value: bytes, source: str = "SID") -> str:
    """A binary security identifier as S-1-5-…; `malformed` where it is none."""
    if len(value) < 8 or value[0] != 1 or value[1] > 15 or len(value) != 8 + 4 * value[1]:
        raise Unseen("malformed", source, "no security identifier")
    parts = [int.from_bytes(value[at : at + 4], "little") for at in range(8, len(value), 4)]
    return "-".join(["S-1", str(int.from_bytes(value[2:8], "big")), *map(str, parts)])


def rid(identifier: str) -> int:
    """The last number of a security identifier."""
    return int(identifier.rpartition("-")[2])
