r"""Backups of Windows: Windows Server Backup by its own log, anything else by what the company declares.

A shadow copy lies on the disk that it copies and is no backup; File History belongs to a user and is not looked at.
For other programs the company declares a key HKLM\SOFTWARE\Boltseal\Backup\NAME, which only administrators can write:
`tool`, `target`, `success_file` (touched by a job that succeeded), `schedule`, `off_host`, `encrypted` (1 or 0).
"""

from __future__ import annotations

from typing import Final

from collectors import backup as linux
from collectors.door import Unseen
from collectors.door_windows import Value, Windows, number, subkeys, value, whole
from collectors.findings import Findings, Json, Seen, rfc3339
from collectors.readers import addresses
from collectors.readers.backup_products_windows import KNOWN

FACTS = dict(linux.FACTS)
SERVICES: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"
DECLARED: Final = r"HKLM\SOFTWARE\Boltseal\Backup"
LOG: Final = "Microsoft-Windows-Backup"
SUCCEEDED: Final = (4,)
"""The event of a backup that ended well; one with warnings or without some volume has others."""
TASKS: Final = "root/Microsoft/Windows/TaskScheduler"
TASK: Final = "MSFT_ScheduledTask"
TASK_NAME: Final = "Microsoft-Windows-WindowsBackup"
WAITING: Final = (2, 3, 4)
"""States of a task that starts by itself: queued, ready, running; 1 is disabled."""


def collect(host: Windows) -> Findings:
    """Programs by service; jobs by log and declaration."""
    findings = Findings()
    findings.look("backup.tools", _tools, host)
    findings.look("backup.jobs", _jobs, host)
    return findings


def _tools(host: Windows) -> Seen:
    names = [one.lower() for one in host.subkeys(SERVICES)]
    if not names:
        raise Unseen("malformed", SERVICES, "no service at all")
    found = [tool for tool, begins in KNOWN.items() if any(one.startswith(begins) for one in names)]
    return Seen([*(["Windows Server Backup"] if _task(host) is not None else []), *found], SERVICES, TASKS)


def _jobs(host: Windows) -> Seen:
    records = [*_own(host), *(_declared(host, name) for name in subkeys(host, DECLARED))]
    return Seen(sorted(records, key=str), f"event log {LOG}", f"{TASKS}:{TASK}", DECLARED)


def _own(host: Windows) -> list[Json]:
    """Windows Server Backup, where it has a schedule or has ever succeeded: it has one job at most."""
    starts, moment = _task(host), _newest(host)
    if starts is None and moment is None:
        return []
    schedule = None if starts is None else TASK_NAME if starts else ""  # others may hide a task from us
    return [_record("Windows Server Backup", None, None, None, moment, schedule)]


def _newest(host: Windows) -> str | None:
    try:
        return host.newest_event(LOG, SUCCEEDED)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return None
        raise


def _task(host: Windows) -> bool | None:
    """Whether the task of its schedule starts by itself; None where there is no such task."""
    rows = host.rows(TASKS, TASK, ("TaskName", "State"), f"TaskName='{TASK_NAME}'")
    states = [whole(one, "State", TASK) for one in rows if one["TaskName"] == TASK_NAME]
    return any(one in WAITING for one in states) if states else None


def _declared(host: Windows, name: str) -> Json:
    key = rf"{DECLARED}\{name}"
    target, marker = (_text(value(host, key, each)) for each in ("target", "success_file"))
    off_host = _flag(host, key, "off_host")
    return _record(
        _text(value(host, key, "tool")) or "declared",
        addresses.plain(target) if target else None,
        True if off_host is None and (target or "").startswith("\\\\") else off_host,
        _flag(host, key, "encrypted"),
        _touched(host, marker) if marker else None,
        _text(value(host, key, "schedule")),
    )


def _touched(host: Windows, marker: str) -> str | None:
    """When the job left its file; None where it is not there, or is no plain file on a drive."""
    try:
        return rfc3339(host.modified_at(marker))
    except Unseen as unseen:
        if unseen.reason in ("not_found", "unsupported"):
            return None
        raise


def _record(*told: Json) -> Json:
    return dict(
        zip(("tool", "target", "off_host", "encrypted", "last_success_at", "schedule"), told, strict=True)
    )


def _text(told: Value | None) -> str | None:
    return told if isinstance(told, str) and told else None


def _flag(host: Windows, key: str, name: str) -> bool | None:
    told = number(host, key, name)
    return None if told is None else told == 1
