"""Backups of a Mac: Time Machine's destinations and when each last took a whole backup; and what the company declares.

A destination that was named has no backup yet: the dates of snapshots that Time Machine completed there are the proof,
not its attempts, and not the snapshots that it keeps on the Mac's own disk. Its settings may be read only by programs
with Full Disk Access: over SSH that is a switch of Remote Login. Other products are declared as on Linux
(/etc/boltseal/backup.d).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from collectors import backup as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Json, Seen, rfc3339
from collectors.readers import addresses, backup_jobs, macos_plist

FACTS = {"backup.jobs": linux.FACTS["backup.jobs"]}
DOMAIN: Final = "com.apple.TimeMachine"
ENCRYPTED: Final = {"Encrypted": True, "FileVault": True, "NotEncrypted": False}
HOURLY_SECONDS: Final = 3600


def collect(host: Host) -> Findings:
    """The jobs by Time Machine's settings and by the company's declarations."""
    findings = Findings()
    findings.look("backup.jobs", _jobs, host)
    return findings


def _jobs(host: Host) -> Seen:
    settings, sources = macos_plist.preferences(host, DOMAIN)
    destinations = settings.get("Destinations", [])
    if not isinstance(destinations, list) or not all(isinstance(one, dict) for one in destinations):
        raise Unseen("malformed", sources[0], "Destinations is no list of dictionaries")
    schedule = _schedule(settings, sources[-1])
    records: list[Json] = [_record(one, schedule, sources[0]) for one in destinations]
    declared = list(backup_jobs.declared(host))
    records += [linux.record(host, one) for one in declared]
    return Seen(sorted(records, key=str), *sources, *(one.source for one in declared), backup_jobs.MARKERS)


def _record(destination: dict[str, Any], schedule: str | None, source: str) -> Json:
    address, volume = destination.get("NetworkURL"), destination.get("LastKnownVolumeName")
    dates = destination.get("SnapshotDates", [])
    if not isinstance(dates, list) or not all(isinstance(one, datetime) for one in dates):
        raise Unseen("malformed", source, "SnapshotDates is no list of dates")
    encryption = destination.get("LastKnownEncryptionState")
    target = addresses.plain(address) if isinstance(address, str) else volume
    return {
        "tool": "Time Machine",
        "target": target if isinstance(target, str) else None,
        "off_host": isinstance(address, str),
        "encrypted": ENCRYPTED.get(encryption) if isinstance(encryption, str) else None,
        "last_success_at": rfc3339(max(dates).replace(tzinfo=UTC)) if dates else None,
        "schedule": schedule,
    }


def _schedule(settings: dict[str, Any], source: str) -> str | None:
    """How often it starts by itself; empty where only somebody starts it, None where nothing says."""
    automatic = macos_plist.flag(settings.get("AutoBackup"), source)
    if not automatic:
        return None if automatic is None else ""
    interval = settings.get("AutoBackupInterval", HOURLY_SECONDS)
    if not isinstance(interval, int):
        raise Unseen("malformed", source, "AutoBackupInterval is no number")
    return "hourly" if interval == HOURLY_SECONDS else f"every {interval} s"
