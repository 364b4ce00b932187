"""What Windows' update agent found at its last search, and the signs of an update that waits for a restart."""

from __future__ import annotations

from typing import Final

from collectors.door import Unseen
from collectors.door_windows import Update, Windows
from collectors.findings import Seen

AGENT: Final = "Microsoft.Update.Session"
HISTORY: Final = "Microsoft.Update.AutoUpdate"
SECURITY: Final = frozenset({"0fa1201d-4330-4fa8-8ae9-b877473b6441", "e6cf1350-c01b-414d-a61f-263d14d133b4"})
"""Categories: security updates, critical updates."""
DEFINITIONS: Final = "e0789628-ce08-4437-be74-2495b842f43b"
SERVICING: Final = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing"
PENDING: Final = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
    rf"{SERVICING}\RebootPending",
)
"""Keys that are there only while a restart is due. Renames that wait for one are no proof: browsers make them."""


def waiting(host: Windows) -> list[Update]:
    """What was found and is not installed, hidden updates included, definitions left out."""
    return [one for one in host.updates().waiting if DEFINITIONS not in one.categories]


def is_security(one: Update) -> bool:
    """Whether an update is about security, by its category or the holes that it closes."""
    return bool(one.cves) or not SECURITY.isdisjoint(one.categories)


def searched_at(host: Windows) -> Seen:
    """When the agent last searched with success."""
    return _known(host.updates().searched_at)


def installed_at(host: Windows) -> Seen:
    """When it last installed something with success."""
    return _known(host.updates().installed_at)


def _known(moment: str) -> Seen:
    if not moment:
        raise Unseen("not_found", HISTORY)
    return Seen(moment, HISTORY)


def reboot_required(host: Windows) -> Seen:
    """Whether one of the keys is there."""
    host.values(SERVICING)  # a registry that cannot be read would hold no sign of a restart either
    for key in PENDING:
        try:
            host.values(key)
        except Unseen as unseen:
            if unseen.reason != "not_found":
                raise
        else:
            return Seen(True, key)
    return Seen(False, *PENDING)
