"""journald: whether its journal is kept, and whether it hands messages on to another log service (journald.conf(5))."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host
from collectors.readers import drop_ins, units

FOLDER: Final = "/var/log/journal"
FLUSH: Final = "systemd-journal-flush.service"
SETTINGS: Final = "journald.conf"
_VOLATILE: Final = ("tmpfs", "ramfs")
_YES: Final = ("yes", "true", "1", "on", "y", "t")


def keeps(host: Host) -> tuple[bool, tuple[str, ...]]:
    """Whether the journal outlives a restart, and what shows it.

    Until it is flushed it lies in /run: where that unit is masked it stays there.
    """
    values, sources = drop_ins.settings(host, SETTINGS)
    storage = values.get("Storage", "auto").lower() or "auto"
    kept = storage == "persistent" or (storage == "auto" and host.exists(FOLDER))
    kept = kept and not units.unit(host, FLUSH).masked and not is_volatile(host, FOLDER)
    return kept, (*sources, FOLDER)


def hands_on(host: Host) -> bool:
    """Whether journald, which owns /dev/log, hands messages on; the shipped file names the default in a comment."""
    values, sources = drop_ins.settings(host, SETTINGS)
    shipped = re.search(r"^#ForwardToSyslog=(\w+)", host.text(sources[0]), re.MULTILINE) if sources else None
    return values.get("ForwardToSyslog", shipped[1] if shipped else "yes").lower() in _YES


def is_volatile(host: Host, path: str) -> bool:
    """Whether a folder lies in memory: a tmpfs loses everything at the next start."""
    if host.offline:
        return False
    holders = [one for one in host.mounts() if f"{path}/".startswith(f"{one.path.rstrip('/')}/")]
    return bool(holders) and max(holders, key=lambda one: len(one.path)).kind in _VOLATILE
