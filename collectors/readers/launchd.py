"""Services of launchd on a Mac: which are loaded, and which are switched on or off for every start from now on.

A switch stands for the next start, what is loaded for now; a service is off only where neither says on. Releases
write a switch as `true` or `disabled`, both of which mean off (launchctl(1), print-disabled).
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.once import once

SWITCHES: Final = ("launchctl", "print-disabled", "system")
NOT_LOADED: Final = 113
_SWITCH: Final = re.compile(r'"(.+)" => (true|false|disabled|enabled)')
_OFF: Final = ("true", "disabled")


def service(label: str) -> tuple[str, ...]:
    """The command that tells of one service of the system."""
    return ("launchctl", "print", f"system/{label}")


def switches(host: Host) -> dict[str, bool]:
    """Whether each service that somebody switched is on; read once per scan. Raises `Unseen`."""
    return once(host, _switches)


def _switches(host: Host) -> dict[str, bool]:
    told = host.run(SWITCHES)
    begin, *lines = [line.strip() for line in told.text.splitlines() if line.strip()] or [""]
    if begin != "disabled services = {" or "}" not in lines:
        raise Unseen("malformed", told.source, "not the words of launchctl")
    rows = [_SWITCH.fullmatch(line) for line in lines[: lines.index("}")]]
    if None in rows:
        raise Unseen("malformed", told.source, "a switch that is not understood")
    return {row[1]: row[2] not in _OFF for row in rows if row}


def is_loaded(host: Host, label: str) -> bool:
    """Whether launchd has the service now: it runs, or starts as soon as somebody connects. Raises `Unseen`."""
    argv = service(label)
    told = host.run(argv, ok=(0, NOT_LOADED))
    if told.returncode == NOT_LOADED:
        return False
    if not told.text.lstrip().startswith(f"system/{label} = {{"):
        raise Unseen("malformed", told.source, "not the words of launchctl")
    return True


def is_on(host: Host, label: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a service that is delivered switched off is loaded now or will be; and the sources. Raises `Unseen`."""
    sources = (" ".join(service(label)), " ".join(SWITCHES))
    return is_loaded(host, label) or switches(host).get(label, False), sources
