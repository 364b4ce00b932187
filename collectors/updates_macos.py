"""Software updates of macOS: the switches of softwareupdate, and when it last looked; the network is not asked.

A profile's value goes before the Mac's own. A switch that nobody set has a default that differs between releases,
so it is unsupported, unless another one is off. What a declarative policy of an MDM sets is not in these files.
"""

from __future__ import annotations

from typing import Final

from collectors import updates
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import macos_plist

FACTS = {name: updates.FACTS[name] for name in ("updates.automatic_security", "updates.lists_refreshed_at")}
OWN: Final = "/Library/Preferences/com.apple.SoftwareUpdate.plist"
MANAGED: Final = "/Library/Managed Preferences/com.apple.SoftwareUpdate.plist"
SWITCHES: Final = (
    "AutomaticCheckEnabled",
    "AutomaticDownload",
    "AutomaticallyInstallMacOSUpdates",
    "ConfigDataInstall",
    "CriticalUpdateInstall",
)


def collect(host: Host) -> Findings:
    """The switches in effect, and the last look that succeeded."""
    findings = Findings()
    findings.look("updates.automatic_security", _automatic, host)
    findings.look("updates.lists_refreshed_at", _refreshed, host)
    return findings


def _automatic(host: Host) -> Seen:
    own = macos_plist.read(host, OWN)
    managed = macos_plist.read(host, MANAGED) if host.exists(MANAGED) else {}
    found = {name: macos_plist.flag(managed.get(name, own.get(name)), OWN) for name in SWITCHES}
    off = [name for name, value in found.items() if value is False]
    unset = [name for name, value in found.items() if value is None]
    if unset and not off:
        raise Unseen("unsupported", OWN, f"not set: {', '.join(unset)}")
    return Seen(not off, OWN, MANAGED if managed else "", *off)


def _refreshed(host: Host) -> Seen:
    return Seen(macos_plist.moment(macos_plist.read(host, OWN).get("LastSuccessfulDate"), OWN), OWN)
