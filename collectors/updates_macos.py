"""Software updates of macOS: the switches of softwareupdate, what it last found, and what was installed.

The network is not asked: `softwareupdate --list` would, and takes minutes. A profile's value goes before the Mac's own.
A switch that nobody set has a default that differs between releases, so it is unsupported, unless another one is off.
What a declarative policy of an MDM sets is not in these files. Updates that the last look found wait, unless one was
installed since; a look that found none proves nothing, since an MDM may hold updates back and newer releases of macOS
keep them elsewhere as well.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

from collectors import updates
from collectors.door import Host, Unseen
from collectors.findings import Findings, Json, Seen, rfc3339
from collectors.os_macos import PATH as RELEASE
from collectors.readers import install_history, macos_plist

FACTS = {
    name: updates.FACTS[name]
    for name in (
        "updates.pending_security",
        "updates.lists_refreshed_at",
        "updates.last_installed_at",
        "updates.automatic_security",
    )
}
OWN: Final = "/Library/Preferences/com.apple.SoftwareUpdate.plist"
MANAGED: Final = "/Library/Managed Preferences/com.apple.SoftwareUpdate.plist"
SWITCHES: Final = (
    "AutomaticCheckEnabled",
    "AutomaticDownload",
    "AutomaticallyInstallMacOSUpdates",
    "ConfigDataInstall",
    "CriticalUpdateInstall",
)
_SYSTEM: Final = re.compile(
    r"(?:macOS|Mac OS X|OS X)\b[^0-9]*[0-9][0-9.]*.*|Safari"
    r"|(?:Rapid )?Security (?:Update|Response).*|Background Security Improvement.*"
)
"""What closes holes of the system, whatever language its name goes on in; tools and printers are none of it."""


def collect(host: Host) -> Findings:
    """The switches in effect, the last look that succeeded and what it found, the last update."""
    findings = Findings()
    findings.look("updates.pending_security", _pending, host)
    findings.look("updates.last_installed_at", _last_installed, host)
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


def _pending(host: Host) -> Seen:
    own = macos_plist.read(host, OWN)
    looked, found = own.get("LastSuccessfulDate"), own.get("RecommendedUpdates", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Unseen("malformed", OWN, "no list of updates")
    version = macos_plist.read(host, RELEASE).get("ProductVersion")
    records: list[Json] = [
        _record(one, version) for one in found if _SYSTEM.fullmatch(_text(one, "Display Name"))
    ]
    if not records or not isinstance(looked, datetime):
        raise Unseen("unsupported", OWN, "no system update in the last look, which proves nothing")
    if _newest(host).at > looked.replace(tzinfo=UTC):
        raise Unseen("unsupported", OWN, "something was installed since the last look")
    return Seen(records, OWN, install_history.PATH)


def _record(update: dict[str, Any], version: Any) -> Json:
    name = _text(update, "Display Name")
    return {
        "name": name,
        "source_package": _text(update, "Identifier") or None,
        "installed": version if isinstance(version, str) and not name.startswith("Safari") else "",
        "available": _text(update, "Display Version"),
        "advisories": [],
    }


def _text(update: dict[str, Any], key: str) -> str:
    value = update.get(key)
    return value if isinstance(value, str) else ""


def _last_installed(host: Host) -> Seen:
    return Seen(rfc3339(_newest(host).at), install_history.PATH)


def _newest(host: Host) -> install_history.Installed:
    """The system's newest update, or itself."""
    entries = [one for one in install_history.entries(host) if _SYSTEM.fullmatch(one.name)]
    if not entries:
        raise Unseen("not_found", install_history.PATH, "no system, no update")
    return max(entries, key=lambda one: one.at)
