"""What runs on a Mac: processes, sockets and mounts by its own tools, for the local door and the SSH door alike.

ps is setuid root there, and netstat tells of everybody's sockets, so both answer any user (ps(1), netstat(1) of macOS);
whose a socket is only root is told (lsof(8)). netstat cuts long IPv6 addresses off: they are kept as it prints them.
"""

from __future__ import annotations

import re
from posixpath import basename
from typing import Final

from collectors.door import Host, Mount, Process, Socket, Unseen

COLUMNS: Final = ("ucomm", "comm", "args")
"""The accounting name, the program, the whole command line: blanks stand in each, so each is asked alone."""
NETSTAT: Final = ("netstat", "-an")
OWNERS: Final = ("lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-iUDP", "-F", "pcPn")
BEGINNING: Final = "Active Internet connections (including servers)\n"
BEHIND: Final = "\nActive LOCAL (UNIX) domain sockets\n"
_NAME_CUT: Final = 15
_ROW: Final = re.compile(r"(tcp|udp)(4|6|46) +\d+ +\d+ +(\S+)\.(\d+|\*) +(\S+)(?: +(\w+))?.*")
_MOUNT: Final = re.compile(r"(.+?) on (/.*) \(([^()]*)\)")
_ESCAPED: Final = re.compile(r"\\x([0-9a-fA-F]{2})")


def ps(column: str) -> tuple[str, ...]:
    """The command that prints one column of every process, by pid."""
    return ("ps", "-axww", "-o", "pid=", "-o", f"{column}=")


def processes(host: Host) -> tuple[Process, ...]:
    """Every process, by pid. Raises `Unseen`."""
    names, programs, lines = (_column(host, one) for one in COLUMNS)
    found = []
    for pid, name in sorted(names.items()):
        program = programs.get(pid, "")
        whole = basename(program)
        exe = program if program.startswith("/") else None
        cut = len(name) >= _NAME_CUT and whole.startswith(name)
        found.append(Process(pid, whole if cut else name, exe, tuple(lines.get(pid, "").split())))
    return tuple(found)


def _column(host: Host, column: str) -> dict[int, str]:
    told = host.run(ps(column))
    found = {}
    for line in told.text.splitlines():
        pid, _, text = line.strip().partition(" ")
        if pid.isascii() and pid.isdigit():
            found[int(pid)] = text.strip()
    if not found or not told.text.endswith("\n"):
        raise Unseen("malformed", told.source, "no processes, or not all of them")
    return found


def sockets(host: Host) -> tuple[Socket, ...]:
    """Listening TCP and unconnected UDP sockets; the process is None where it may not be seen. Raises `Unseen`."""
    told = host.run(NETSTAT)
    if (
        not told.text.startswith(BEGINNING) or BEHIND not in told.text
    ):  # without what comes behind it may be cut off
        raise Unseen("malformed", told.source, "not the words of netstat")
    owners = _owners(host)
    found = set()
    for line in told.text.partition(BEHIND)[0].splitlines()[2:]:
        row = _ROW.fullmatch(line)
        if row is None:
            if line.startswith(("tcp", "udp")):
                raise Unseen("malformed", told.source, "a row that is not understood")
            continue
        protocol, family, address, port, far, state = row.groups()
        if port == "*" or (state != "LISTEN" if protocol == "tcp" else far != "*.*"):
            continue
        name = owners.get((protocol, address, int(port)))
        anywhere = "0.0.0.0" if family == "4" else "::"  # noqa: S104 - what netstat's star stands for
        place = anywhere if address == "*" else address
        found.add(Socket("tcp" if protocol == "tcp" else "udp", place, int(port), name))
    return tuple(sorted(found, key=lambda one: (one.protocol, one.port, one.address, one.process or "")))


def _owners(host: Host) -> dict[tuple[str, str, int], str]:
    """The name of a process at each protocol, address and port, as far as lsof may tell."""
    try:
        lines = host.run(OWNERS, ok=(0, 1)).text.splitlines()  # 1: there was nothing to tell
    except Unseen:
        return {}
    found: dict[tuple[str, str, int], str] = {}
    name = protocol = ""
    for kind, text in ((line[:1], line[1:]) for line in lines):
        if kind == "c":
            name = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
        elif kind == "P":
            protocol = text.lower()
        elif kind == "n":
            address, _, port = text.rpartition(":")
            if port.isascii() and port.isdigit():
                found.setdefault((protocol, address.strip("[]"), int(port)), name)
    return found


def mounts(host: Host) -> tuple[Mount, ...]:
    """Mounted filesystems, in the order of mount(8). Raises `Unseen`."""
    told = host.run(("mount",))
    found = [
        Mount(row[1], row[2], *_options(row[3]))
        for row in map(_MOUNT.fullmatch, told.text.splitlines())
        if row
    ]
    if not any(one.path == "/" for one in found):
        raise Unseen("malformed", told.source, "nothing is mounted on /")
    return tuple(found)


def _options(text: str) -> tuple[str, tuple[str, ...]]:
    kind, *options = text.split(", ")
    return kind, tuple(options)
