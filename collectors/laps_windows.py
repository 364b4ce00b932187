"""LAPS: whether the password of the local administrator is this machine's own, changed and kept by a directory.

Settings of device management win over those of a group policy, and these over local ones; no key at all means that
nothing manages the password. The older LAPS counts where its policy is on and its extension is installed.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_windows import Windows, number, subkeys
from collectors.findings import Fact, Findings, Seen

FACTS = {
    "laps.backup_directory": Fact(
        "str", "where the local administrator's password is kept: none, entra, ad, or ad (legacy)"
    ),
}
KEYS = (
    r"HKLM\SOFTWARE\Microsoft\Policies\LAPS",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\LAPS",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\LAPS\Config",
)
DIRECTORIES = {0: "none", 1: "entra", 2: "ad"}
LEGACY = r"HKLM\SOFTWARE\Policies\Microsoft Services\AdmPwd"
EXTENSIONS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\GPExtensions"
EXTENSION = "{d76b9641-3288-4f75-942d-087de603e3ea}"


def collect(host: Windows) -> Findings:
    """Where the password is kept."""
    findings = Findings()
    findings.look("laps.backup_directory", _backup_directory, host)
    return findings


def _backup_directory(host: Windows) -> Seen:
    installed = subkeys(host, EXTENSIONS)
    if not installed:  # Windows has many of its own
        raise Unseen("malformed", EXTENSIONS, "no extension at all")
    for key in KEYS:
        told = number(host, key, "BackupDirectory")
        if told is not None:
            if told not in DIRECTORIES:
                raise Unseen("malformed", key, f"BackupDirectory {told}")
            return Seen(DIRECTORIES[told], key)
    legacy = number(host, LEGACY, "AdmPwdEnabled", 0) == 1
    if legacy and EXTENSION in {name.lower() for name in installed}:
        return Seen("ad (legacy)", LEGACY, EXTENSIONS)
    return Seen("none", *KEYS, LEGACY)
