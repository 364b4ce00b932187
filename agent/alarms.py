"""Lasting alarms: files in state/alarms that stay until a person acknowledges them.

An alarm is for what no later success may wash away: a log that is not an extension of what it was, a fork of
this host's own chain, a quarantine. While one stands, `once`, `status` and `doctor` end with exit code 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from agent import durable
from config import canonical
from config.canonical import Json
from config.errors import InputError

ALARM_MAX_BYTES: Final = 256 * 1024
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")

_ENROL_AFRESH: Final = (
    "a host restored from a snapshot, or made as a clone, must be enrolled afresh, with a new state folder "
    "(boltseal enroll STRING --state DIR), and the old one kept for whoever looks into it."
)
TEXTS: Final[Mapping[str, str]] = {
    "log_not_extension": (
        "The server showed a log that does not continue the one this host has seen. Either the server was "
        "restored from an old backup, or evidence was removed or rewritten. This host's reports stay in its "
        "spool. Compare with other hosts and with the last bundle before you trust the server again."
    ),
    "receipt_wrong": (
        "The server answered with a receipt that does not prove that this host's report is in the log. "
        "The report stays in the spool."
    ),
    "sequence_fork": (
        "The server holds another report with this host's number: two machines run with one key (a clone), "
        "or this state folder was restored from a copy. The server has put the host into quarantine. "
        "Releasing it does not help: " + _ENROL_AFRESH
    ),
    "host_quarantined": (
        "The server has put this host into quarantine; it accepts no reports until it is released. If its "
        "chain forked: " + _ENROL_AFRESH
    ),
    "host_revoked": "This host's key has been revoked; the server accepts no more reports from it.",
    "unknown_key": "The server does not know this host's key: enrol again, or look for a restored server.",
    "sequence_gap": (
        "The server asks for reports that it acknowledged before and this host no longer holds: the server "
        "has lost evidence. Restore it from a newer backup."
    ),
    "report_refused": (
        "The server refuses a report of this host for good. Newer ones wait behind it; when the report itself "
        "is refused for a day, a signed loss takes its place and its file is kept in damaged/."
    ),
}
"""What each alarm means and what to do, for people."""


@dataclass(frozen=True)
class Alarm:
    """One standing alarm. `evidence` is what was seen, for whoever looks into it."""

    code: str
    raised_at: str
    last_at: str
    times: int
    detail: str
    evidence: Json

    def to_dict(self) -> dict[str, Json]:
        """For the file, `status --json` and `doctor --json`."""
        return {
            "code": self.code,
            "text": TEXTS.get(self.code, ""),
            "raised_at": self.raised_at,
            "last_at": self.last_at,
            "times": self.times,
            "detail": self.detail,
            "evidence": self.evidence,
        }


def raise_alarm(folder: Path, code: str, detail: str, evidence: Json, now: str) -> Alarm:
    """Write an alarm, or note that it was seen again; the first evidence is kept."""
    if not _CODE.fullmatch(code):
        raise ValueError(f"not an alarm's code: {code}")
    path = folder / f"{code}.json"
    known = _read(path)
    alarm = Alarm(code, now, now, 1, detail, evidence)
    if known is not None:
        alarm = Alarm(code, known.raised_at, now, known.times + 1, detail, known.evidence)
    durable.write(path, canonical.encode(alarm.to_dict()))
    return alarm


def standing(folder: Path) -> tuple[Alarm, ...]:
    """All alarms that nobody has acknowledged, by code. A damaged file still counts: it is an alarm."""
    try:
        names = sorted(path.name for path in folder.glob("*.json"))
    except OSError as error:
        raise durable.to_error(error, folder) from error
    found = (_read(folder / name) for name in names)
    return tuple(alarm for alarm in found if alarm is not None)


def acknowledge(folder: Path, now: datetime) -> tuple[Alarm, ...]:
    """Move every standing alarm aside, into alarms/acknowledged; nothing is deleted. Returns them."""
    found = standing(folder)
    kept = folder / "acknowledged"
    if found:
        durable.make_folder(kept)
    for alarm in found:
        durable.move(folder / f"{alarm.code}.json", kept / f"{now:%Y%m%dT%H%M%SZ}-{alarm.code}.json")
    return found


def _read(path: Path) -> Alarm | None:
    data = durable.read(path, ALARM_MAX_BYTES)
    if data is None:
        return None
    try:
        value = canonical.decode(data, ALARM_MAX_BYTES)
        if not isinstance(value, dict):
            raise InputError("state_alarm_damaged", f"{path} is no alarm")
        times = value["times"]
        texts = [str(value[name]) for name in ("raised_at", "last_at", "detail")]
        return Alarm(
            path.stem, texts[0], texts[1], times if isinstance(times, int) else 1, texts[2], value["evidence"]
        )
    except (InputError, KeyError) as error:
        return Alarm(path.stem, "", "", 1, f"the alarm's file is damaged: {error}", None)
