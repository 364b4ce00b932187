"""What was installed on a Mac, and when: InstallHistory.plist.

Software Update, the installer and the App Store add an entry each time; one without a date says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host
from collectors.readers import macos_plist

PATH: Final = "/Library/Receipts/InstallHistory.plist"


@dataclass(frozen=True)
class Installed:
    """One entry. `by` is the program that installed it."""

    name: str
    version: str
    at: datetime
    by: str


def entries(host: Host) -> list[Installed]:
    """The entries that have a name and a date. Raises `Unseen`."""
    return [
        Installed(
            one["displayName"],
            str(one.get("displayVersion", "")),
            one["date"].replace(tzinfo=UTC),
            str(one.get("processName", "")),
        )
        for one in macos_plist.records(host.read(PATH), PATH)
        if isinstance(one.get("displayName"), str) and isinstance(one.get("date"), datetime)
    ]


def latest(host: Host, *names: str) -> Installed | None:
    """The newest entry with one of these names; None without one. Raises `Unseen`."""
    return max((one for one in entries(host) if one.name in names), key=lambda one: one.at, default=None)
