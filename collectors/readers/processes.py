"""Which programs run, told from the process list.

Names are compared with the process name, the name of its executable, and for interpreters the name of the
script. Where /proc hides other users' processes (hidepid, proc(5)), "not in the list" proves nothing: the
list must hold process 1, or it is `permission_denied`.
"""

from __future__ import annotations

from posixpath import basename
from typing import Final

from collectors.door import Host, Process, Unseen
from collectors.readers.once import once

_INTERPRETERS: Final = ("python", "perl", "ruby", "node", "bash", "sh", "dash", "java", "mono")


def names(host: Host) -> frozenset[str]:
    """The names of all running programs. `offline_root` on a root, `permission_denied` where they hide."""
    return once(host, _names)


def running(host: Host, *wanted: str) -> bool:
    """Whether one of these programs runs; raises `Unseen` where that cannot be known."""
    return not names(host).isdisjoint(wanted)


def maybe_running(host: Host, *wanted: str) -> bool | None:
    """As `running`, but None where it cannot be known: for a record's field that may be null."""
    try:
        return running(host, *wanted)
    except Unseen:
        return None


def _names(host: Host) -> frozenset[str]:
    listed = host.processes()
    if not any(process.pid == 1 for process in listed):
        raise Unseen("permission_denied", "/proc", "other users' processes are hidden")
    return frozenset(name for process in listed for name in _of(process))


def _of(process: Process) -> set[str]:
    found = {process.name, basename((process.exe or "").removesuffix(" (deleted)"))}
    if process.name.startswith(_INTERPRETERS) and len(process.arguments) > 1:
        found |= {basename(argument) for argument in process.arguments[1:3]}
    return found - {""}
