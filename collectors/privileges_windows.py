"""Who administers this Windows machine: the members of the group S-1-5-32-544, whatever it is called here.

A member that nobody can name (a deleted account, an unreachable domain) is told by its SID. Groups are %name, as
their members are the domain's to tell. Beside them: whether rights are raised without anybody being asked.
"""

from __future__ import annotations

from collectors import privileges as linux
from collectors.accounts_windows import ADMINISTRATORS, GROUP
from collectors.door import Unseen
from collectors.door_windows import Windows, number
from collectors.findings import Fact, Findings, Seen

FACTS = {"privileges.administrators": linux.FACTS["privileges.administrators"]} | {
    "privileges.elevation_asks": Fact(
        "bool", "a program gets an administrator's rights only after a question"
    ),
}
SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
SOURCE = f"{GROUP} {ADMINISTRATORS}"
USER = 1


def collect(host: Windows) -> Findings:
    """The administrators, and User Account Control."""
    findings = Findings()
    findings.look("privileges.administrators", _administrators, host)
    findings.look("privileges.elevation_asks", _elevation_asks, host)
    return findings


def _administrators(host: Windows) -> Seen:
    """The built-in administrator cannot be taken out of the group, so none is no answer."""
    found = host.members(ADMINISTRATORS)
    if not found:
        raise Unseen("malformed", SOURCE, "no member")
    return Seen(
        [
            (one.name if one.kind == USER else f"%{one.name}") if one.name else one.sid
            for one in sorted(found, key=lambda one: one.sid)
        ],
        SOURCE,
    )


def _elevation_asks(host: Windows) -> Seen:
    """Absent values mean: on, and ask. 0 for administrators raises rights without a question."""
    host.values(SYSTEM)
    on = number(host, SYSTEM, "EnableLUA", 1) == 1
    asks = number(host, SYSTEM, "ConsentPromptBehaviorAdmin", 5) != 0
    return Seen(on and asks, SYSTEM)
