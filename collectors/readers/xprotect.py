"""XProtect, the malware protection inside macOS: whether it scans, and which data it has since when.

From macOS 15 on xprotect(1) tells both; before, its services cannot be unloaded while System Integrity Protection is
on, and the date stands in the installation history. Asked by another than root xprotect may say "disabled" for want of
a right, so only root's word counts for that.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from collectors.door import Host, Unseen, first
from collectors.findings import Json, rfc3339
from collectors.readers import install_history, macos_plist

STATUS: Final = ("xprotect", "status")
VERSION: Final = ("xprotect", "version")
INTEGRITY: Final = ("csrutil", "status")
WHO: Final = ("id", "-u")
BUNDLES: Final = (
    "/private/var/protected/xprotect/XProtect.bundle/Contents/Info.plist",
    "/Library/Apple/System/Library/CoreServices/XProtect.bundle/Contents/Info.plist",
)
REMEDIATOR: Final = "/Library/Apple/System/Library/CoreServices/XProtect.app/Contents/Info.plist"
DATA: Final = ("XProtectPlistConfigData", "XProtectCloudKitUpdate")
PAYLOADS: Final = ("XProtectPayloads",)
_SCANS: Final = re.compile(r"XProtect (launch|background) scans: (enabled|disabled)")
_VERSION: Final = re.compile(r"Version: (\d{1,9}) Installed: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \+0000")


def running(host: Host) -> bool | None:
    """Whether it scans at launch and in the background; None where that cannot be told."""
    try:
        told = host.run(STATUS)
    except Unseen as unseen:
        return _cannot_be_unloaded(host) if unseen.reason == "tool_missing" else None
    found = [_SCANS.fullmatch(line.strip()) for line in told.text.splitlines() if line.strip()]
    scans = {match[1]: match[2] for match in found if match}
    if not all(found) or len(found) != len(scans) or scans.keys() != {"launch", "background"}:
        return None
    if set(scans.values()) == {"enabled"}:
        return True
    return False if _is_root(host) else None


def versions(host: Host) -> list[Json]:
    """A record of XProtect, and one of its Remediator where macOS has it. Raises `Unseen`."""
    version, moment = _data(host)
    records: list[Json] = [{"name": "XProtect", "version": version, "updated_at": moment}]
    if host.exists(REMEDIATOR):
        installed = install_history.latest(host, *PAYLOADS)
        moment = rfc3339(installed.at) if installed else None
        records.append(
            {"name": "XProtect Remediator", "version": _number(host, REMEDIATOR), "updated_at": moment}
        )
    return records


def _data(host: Host) -> tuple[str, str | None]:
    try:
        told = host.run(VERSION)
    except Unseen as unseen:
        if unseen.reason != "tool_missing":
            raise
        installed = install_history.latest(host, *DATA)
        return _number(host, first(host, *BUNDLES)), rfc3339(installed.at) if installed else None
    found = _VERSION.fullmatch(" ".join(told.text.split()))
    if not found:
        raise Unseen("malformed", told.source, "not the words of xprotect")
    try:
        return found[1], rfc3339(datetime.fromisoformat(found[2]).replace(tzinfo=UTC))
    except ValueError:
        raise Unseen("malformed", told.source, "no date") from None


def _number(host: Host, path: str) -> str:
    version = macos_plist.read(host, path).get("CFBundleShortVersionString")
    if not isinstance(version, str) or not re.fullmatch(r"[0-9][0-9.]{0,15}", version):
        raise Unseen("malformed", path, "no version")
    return version


def _cannot_be_unloaded(host: Host) -> bool | None:
    try:
        told = host.run(INTEGRITY).text
    except Unseen:
        return None
    return True if told.strip() == "System Integrity Protection status: enabled." else None


def _is_root(host: Host) -> bool:
    try:
        return host.run(WHO).text.strip() == "0"
    except Unseen:
        return False
