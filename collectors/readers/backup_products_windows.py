"""Backup programs of Windows by the key names of their services, which nobody translates. From vendors' guides."""

from __future__ import annotations

from typing import Final

KNOWN: Final = {
    "Veeam Agent": ("veeamendpointbackupsvc",),
    "Acronis": ("acrsch2svc", "mms"),
    "Macrium Reflect": ("macriumservice",),
    "Azure Backup (MARS)": ("obengine",),
    "Commvault": ("gxcvd",),
    "Veritas Backup Exec": ("backupexecagentaccelerator",),
    "NetBackup": ("netbackup client service",),
    "Arcserve UDP": ("casad2dwebsvc",),
    "Datto": ("dattobackupagentservice",),
    "Bacula": ("bacula-fd",),
    "Bareos": ("bareos-fd",),
    "UrBackup": ("urbackupclientbackend",),
    "Duplicati": ("duplicati",),
    "Iperius": ("iperiussvc",),
    "Backblaze": ("bzserv",),
    "CrashPlan": ("crashplanservice", "code42service"),
    "ShadowProtect": ("shadowprotectsvc",),
    "Nakivo": ("nkv-bhsvc",),
}
"""Beginnings of service names, in small letters."""
