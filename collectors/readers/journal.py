"""journald: whether its journal is kept, and whether it hands messages on to another log service (journald.conf(5)).

Of several values the last that is valid counts.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host
from collectors.readers import drop_ins, units

FOLDER: Final = "/var/log/journal"
FLUSH: Final = "systemd-journal-flush.service"
SETTINGS: Final = "journald.conf"
_VOLATILE: Final = ("tmpfs", "ramfs")
_STORAGE: Final = ("auto", "persistent", "volatile", "none")
_YES: Final = ("yes", "true", "1", "on", "y", "t")
_NO: Final = ("no", "false", "0", "off", "n", "f")


def keeps(host: Host) -> tuple[bool, tuple[str, ...]]:
    """Whether the journal outlives a restart, and what shows it.

    Until it is flushed it lies in /run: where that unit is masked it stays there.
    """
    values, sources = drop_ins.settings(host, SETTINGS, "Journal")
    storage = ("auto", *(one for one in values.get("Storage", ()) if one in _STORAGE))[-1]
    kept = storage == "persistent" or (storage == "auto" and host.exists(FOLDER))
    kept = kept and not units.unit(host, FLUSH).masked and not is_volatile(host, FOLDER)
    return kept, (*sources, FOLDER)


def hands_on(host: Host) -> bool:
    """Whether journald, which owns /dev/log, hands messages on; the shipped file names the default in a comment."""
    values, sources = drop_ins.settings(host, SETTINGS, "Journal")
    shipped = re.search(r"^#ForwardToSyslog=(\w+)", host.text(sources[0]), re.MULTILINE) if sources else None
    given = (shipped[1] if shipped else "yes", *values.get("ForwardToSyslog", ()))
    valid = [one for one in map(str.lower, given) if one in (*_YES, *_NO)]
    return bool(valid) and valid[-1] in _YES


def is_volatile(host: Host, path: str) -> bool:
    """Whether a folder lies in memory: a tmpfs loses everything at the next start."""
    if host.offline:
        return False
    holders = [one for one in host.mounts() if f"{path}/".startswith(f"{one.path.rstrip('/')}/")]
    return bool(holders) and max(holders, key=lambda one: len(one.path)).kind in _VOLATILE
