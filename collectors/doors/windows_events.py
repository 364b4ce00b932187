"""The event log, by channel and by number of event: when the newest such event was written. Its texts are not read."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Final

from collectors.door import Unseen
from collectors.doors import windows_answers

WAIT_MILLISECONDS: Final = 5000
_QUERY_NEWEST_FIRST: Final = 0x1 | 0x200
_AS_XML: Final = 1
_WRITTEN: Final = re.compile(
    r"<TimeCreated\s+SystemTime=['\"](\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z['\"]"
)
_NO_MORE: Final = 259


def newest(channel: str, numbers: tuple[int, ...], levels: tuple[int, ...]) -> str | None:
    """The time (RFC 3339, UTC) of the newest event with one of these numbers; None where there is none.

    `levels`, where given, are those of its severity: 4 is an information, 0 none named. `not_found` where no program
    has made such a channel.
    """
    source = f"event log {channel}"
    try:
        log: Any = import_module("win32evtlog")
        failed: Any = import_module("pywintypes").error
    except ImportError:
        raise Unseen("tool_missing", source, "pywin32 is not installed") from None
    wanted = [_any("EventID", numbers), *([_any("Level", levels)] if levels else [])]
    try:
        asked = log.EvtQuery(channel, _QUERY_NEWEST_FIRST, f"*[System[{' and '.join(wanted)}]]")
        found = log.EvtNext(asked, 1, WAIT_MILLISECONDS, 0)
        text = str(log.EvtRender(found[0], _AS_XML)) if found else ""
    except failed as error:
        code = int(error.winerror)
        if code == _NO_MORE:
            return None
        raise windows_answers.unseen(code, source) from None
    if not found:
        return None
    written = _WRITTEN.search(text)
    if written is None:
        raise Unseen("malformed", source, "an event without a time")
    return f"{written[1]}Z"


def _any(name: str, numbers: tuple[int, ...]) -> str:
    return "(" + " or ".join(f"{name}={one}" for one in numbers) + ")"
