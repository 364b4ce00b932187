"""The screen lock of Windows: the machine's own limit, which locks every session whoever is logged in.

A screen saver belongs to a user, and only those who are logged in have their settings loaded. So without the machine's
limit one loaded user without a lock is a proof, and locks of all loaded users are none for the others: unsupported.
"""

from __future__ import annotations

from typing import Final

from collectors import screen_lock as linux
from collectors.door import Unseen
from collectors.door_windows import Windows, number, subkeys, value
from collectors.findings import Findings, Seen

FACTS = dict(linux.FACTS)
SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
RELEASE = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
POLICY = r"Software\Policies\Microsoft\Windows\Control Panel\Desktop"
OWN = r"Control Panel\Desktop"
USERS: Final = "HKU"


def collect(host: Windows) -> Findings:
    """Desktop, idle time and password."""
    findings = Findings()
    findings.look("screen_lock.desktop_installed", _desktop_installed, host)
    findings.look("screen_lock.idle_seconds", _idle_seconds, host)
    findings.look("screen_lock.requires_password", _requires_password, host)
    return findings


def _desktop_installed(host: Windows) -> Seen:
    kind = value(host, RELEASE, "InstallationType")
    if not isinstance(kind, str):
        raise Unseen("malformed", RELEASE, "no InstallationType")
    return Seen(kind not in ("Server Core", "Nano Server"), RELEASE)


def _idle_seconds(host: Windows) -> Seen:
    limit = _machine_limit(host)
    if limit:
        return Seen(limit, SYSTEM)
    for sid in _users(host):
        if _setting(host, sid, "ScreenSaveActive") != 1 or not _setting(host, sid, "ScreenSaveTimeOut"):
            return Seen(0, SYSTEM, rf"{USERS}\{sid}")
    raise Unseen("unsupported", SYSTEM, "no limit of the machine; users who are not logged in are not seen")


def _requires_password(host: Windows) -> Seen:
    """The machine's limit locks, and a locked session asks for the password."""
    if _machine_limit(host):
        return Seen(True, SYSTEM)
    for sid in _users(host):
        if _setting(host, sid, "ScreenSaverIsSecure") != 1:
            return Seen(False, SYSTEM, rf"{USERS}\{sid}")
    raise Unseen("unsupported", SYSTEM, "no limit of the machine; users who are not logged in are not seen")


def _machine_limit(host: Windows) -> int:
    host.values(SYSTEM)
    return number(host, SYSTEM, "InactivityTimeoutSecs", 0) or 0


def _users(host: Windows) -> list[str]:
    """Those who are logged in: local and domain accounts, and accounts of Entra ID."""
    wanted = ("S-1-5-21-", "S-1-12-1-")
    found = subkeys(host, USERS)
    return [sid for sid in found if sid.startswith(wanted) and not sid.endswith("_Classes")]


def _setting(host: Windows, sid: str, name: str) -> int:
    """A user's setting, the policy's before the own one; 0 where neither is there or says no number."""
    for key in (POLICY, OWN):
        told = value(host, rf"{USERS}\{sid}\{key}", name)
        if told is not None:
            return int(told) if isinstance(told, str) and told.strip().isdecimal() else 0
    return 0
