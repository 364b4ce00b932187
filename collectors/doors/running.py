"""What the kernel of this machine says is running: processes, sockets and mounts, for the local door."""

from __future__ import annotations

import re
import socket

import psutil

from collectors.door import Mount, Process, Socket, Unseen
from collectors.doors import outcomes


def processes() -> tuple[Process, ...]:
    """Every process in this PID namespace, by pid; what of one may not be read is None."""
    found = []
    try:
        for one in psutil.process_iter(["pid", "name", "exe", "cmdline"], ad_value=None):
            seen = one.info
            exe, arguments = seen["exe"] or None, tuple(seen["cmdline"] or ())
            found.append(Process(seen["pid"], seen["name"] or "", exe, arguments))
    except (psutil.Error, OSError) as error:
        raise _unseen(error, "/proc") from None
    return tuple(sorted(found, key=lambda process: process.pid))


def sockets() -> tuple[Socket, ...]:
    """Listening TCP and unconnected UDP sockets; the process is None where it may not be read."""
    found: dict[Socket, None] = {}
    names: dict[int, str | None] = {}
    try:
        for one in psutil.net_connections(kind="inet"):
            tcp = one.type == socket.SOCK_STREAM
            if not one.laddr or ((one.status != psutil.CONN_LISTEN) if tcp else bool(one.raddr)):
                continue
            if one.pid is not None and one.pid not in names:
                names[one.pid] = _name(one.pid)
            name = names[one.pid] if one.pid is not None else None
            found[Socket("tcp" if tcp else "udp", one.laddr.ip, one.laddr.port, name)] = None
    except (psutil.Error, OSError) as error:
        raise _unseen(error, "/proc/net") from None
    return tuple(sorted(found, key=lambda one: (one.protocol, one.port, one.address, one.process or "")))


def mounts(text: str) -> tuple[Mount, ...]:
    """The mounts of a mountinfo file (proc(5)), in its order; fields are unescaped, broken lines left out."""
    found = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) < 6 or len(right) < 2:
            continue
        options = tuple(left[5].split(","))
        found.append(Mount(_unescape(right[1]), _unescape(left[4]), right[0], options, left[2]))
    return tuple(found)


def _unescape(field: str) -> str:
    r"""`\040` is a space, and so on: mountinfo writes blanks and backslashes in octal."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8) & 0xFF), field)


def _name(pid: int) -> str | None:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return None


def _unseen(error: Exception, source: str) -> Unseen:
    if isinstance(error, OSError):
        return outcomes.from_oserror(error, source)
    return Unseen("permission_denied", source, str(error))
