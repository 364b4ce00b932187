"""What runs on a Linux host behind SSH: /proc, read as psutil reads it, a thousand questions in a few round trips."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Sequence
from typing import Final

from collectors.door import Mount, Process, Socket, Unseen
from collectors.doors import sftp
from collectors.doors.sftp import Answer, Question, Status
from collectors.doors.ssh_files import Files

PROCESSES_MAX: Final = 20_000
DESCRIPTORS_MAX: Final = 200_000
BIG_ENDIAN: Final = (
    "s390x",
    "s390",
    "ppc64",
    "ppc",
    "mips",
    "mips64",
    "sparc64",
    "aarch64_be",
    "armeb",
    "m68k",
)
_NAME_CUT: Final = 15
_DELETED: Final = " (deleted)"  # a program that an update replaced while it ran
_LISTENING: Final = "0A"
_TABLES: Final = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))
_OPEN_MAX: Final = 64
_ROUNDS_MAX: Final = 1000


def processes(files: Files) -> tuple[Process, ...]:
    """Every process, by pid; what of one may not be read is None."""
    pids = _pids(files)
    names = _begun(files, [f"/proc/{pid}/comm" for pid in pids])
    lines = _begun(files, [f"/proc/{pid}/cmdline" for pid in pids])
    programs = files.ask([sftp.at(sftp.READLINK, f"/proc/{pid}/exe") for pid in pids], "/proc")
    found = []
    for pid, program in zip(pids, programs, strict=True):
        comm = names.get(f"/proc/{pid}/comm")
        if comm is None:  # it ended meanwhile
            continue
        arguments = _arguments(lines.get(f"/proc/{pid}/cmdline", b""))
        exe = program[0].text.removesuffix(_DELETED) if isinstance(program, list) and program else None
        found.append(Process(pid, _name(comm, arguments), exe or None, arguments))
    return tuple(found)


def sockets(files: Files, machine: str) -> tuple[Socket, ...]:
    """Listening TCP and unconnected UDP sockets; the process is None where it may not be read."""
    order = ">" if machine in BIG_ENDIAN else "<"
    seen: list[tuple[str, str, int, str]] = []
    for table, protocol in _TABLES:
        try:
            text = files.read(f"/proc/net/{table}", 8 << 20, whole=True).decode("ascii", "replace")
        except Unseen as unseen:
            if table.endswith("6") and unseen.reason == "not_found":  # a kernel without IPv6
                continue
            raise
        seen += [(protocol, *one) for one in rows(text, protocol, order)]
    owners = _owners(files, {inode for *_, inode in seen}) if seen else {}
    found = {
        Socket("tcp" if protocol == "tcp" else "udp", address, port, owners.get(inode))
        for protocol, address, port, inode in seen
    }
    return tuple(sorted(found, key=lambda one: (one.protocol, one.port, one.address, one.process or "")))


def mounts(text: str) -> tuple[Mount, ...]:
    """The mounts of a mountinfo file."""
    from collectors.doors import running

    return running.mounts(text)


def rows(text: str, protocol: str, order: str) -> list[tuple[str, int, str]]:
    """Address, port and inode of each listening or unconnected socket of a table of /proc/net."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 10:
            continue
        (host, _, port), (_, _, far) = words[1].partition(":"), words[2].partition(":")
        if words[3] != _LISTENING if protocol == "tcp" else int(far, 16):
            continue
        if int(port, 16):
            found.append((_address(host, order), int(port, 16), words[9]))
    return found


def _address(text: str, order: str) -> str:
    numbers = struct.unpack(f"{order}{len(text) // 8}I", bytes.fromhex(text))
    packed = struct.pack(f">{len(numbers)}I", *numbers)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _pids(files: Files) -> list[int]:
    pids = sorted(int(name) for name in files.list("/proc") if name.isascii() and name.isdigit())
    if len(pids) > PROCESSES_MAX:
        raise Unseen("too_large", "/proc", f"more than {PROCESSES_MAX} processes")
    return pids


def _owners(files: Files, wanted: set[str]) -> dict[str, str]:
    """The name of the first process that holds each of these sockets, as far as it may be seen."""
    pids = _pids(files)
    descriptors = [
        (pid, f"/proc/{pid}/fd/{number}")
        for pid, numbers in zip(pids, _listed(files, [f"/proc/{pid}/fd" for pid in pids]), strict=True)
        for number in numbers
    ]
    if len(descriptors) > DESCRIPTORS_MAX:
        raise Unseen("too_large", "/proc", f"more than {DESCRIPTORS_MAX} open files")
    targets = files.ask([sftp.at(sftp.READLINK, path) for _, path in descriptors], "/proc")
    holders: dict[str, int] = {}
    for (pid, _), target in zip(descriptors, targets, strict=True):
        found = (
            re.fullmatch(r"socket:\[(\d+)\]", target[0].text) if isinstance(target, list) and target else None
        )
        if found and found[1] in wanted:
            holders.setdefault(found[1], pid)
    held = sorted(set(holders.values()))
    comms = _begun(files, [f"/proc/{pid}/comm" for pid in held])
    lines = _begun(files, [f"/proc/{pid}/cmdline" for pid in held])
    names = {
        pid: _name(comms[f"/proc/{pid}/comm"], _arguments(lines.get(f"/proc/{pid}/cmdline", b"")))
        for pid in held
        if f"/proc/{pid}/comm" in comms
    }
    return {inode: names[pid] for inode, pid in holders.items() if pid in names}


def _begun(files: Files, paths: Sequence[str]) -> dict[str, bytes]:
    """How small files begin, by path; those that may not be read are left out. Few are open at a time."""
    found: dict[str, bytes] = {}
    for some in _parts(paths):
        handles = _handles(files.ask([sftp.opening(path) for path in some], "/proc"), some)
        told = files.ask([sftp.reading(one, 0, sftp.READ_BYTES) for one in handles.values()], "/proc")
        for path, data in zip(handles, told, strict=True):
            if isinstance(data, bytes):
                found[path] = data
            elif isinstance(data, Status) and data.code == sftp.EOF:
                found[path] = b""
        files.ask([Question(sftp.CLOSE, one) for one in handles.values()], "/proc")
    return found


def _listed(files: Files, paths: Sequence[str]) -> list[list[str]]:
    """The names in folders, in their order; nothing of those that may not be read."""
    found: dict[str, list[str]] = {path: [] for path in paths}
    for some in _parts(paths):
        handles = _handles(files.ask([sftp.at(sftp.OPENDIR, path) for path in some], "/proc"), some)
        unread = dict(handles)
        for _ in range(_ROUNDS_MAX):
            told = files.ask([Question(sftp.READDIR, one) for one in unread.values()], "/proc")
            for path, names in zip(list(unread), told, strict=True):
                if isinstance(names, list):
                    found[path] += [name.text for name in names if name.text.isdigit()]
                else:
                    del unread[path]
            if not unread:
                break
        files.ask([Question(sftp.CLOSE, one) for one in handles.values()], "/proc")
    return [found[path] for path in paths]


def _handles(answers: Sequence[Answer], paths: Sequence[str]) -> dict[str, bytes]:
    return {path: one for path, one in zip(paths, answers, strict=True) if isinstance(one, bytes)}


def _parts(paths: Sequence[str]) -> list[Sequence[str]]:
    return [paths[start : start + _OPEN_MAX] for start in range(0, len(paths), _OPEN_MAX)]


def _arguments(data: bytes) -> tuple[str, ...]:
    """The arguments in a cmdline file; a process that overwrote its own has them between blanks."""
    text = data.decode("utf-8", "surrogateescape")
    if not text:
        return ()
    ending = "\0" if text.endswith("\0") else " "
    parts = text.removesuffix(ending).split(ending)
    if ending == "\0" and len(parts) == 1 and " " in text:
        parts = text.removesuffix("\0").split(" ")
    return tuple(parts)


def _name(comm: bytes, arguments: Sequence[str]) -> str:
    """The name, which the kernel cuts off, as a whole where the command line has it."""
    name = comm.decode("utf-8", "surrogateescape").removesuffix("\n")
    whole = arguments[0].rpartition("/")[2] if arguments else ""
    return whole if len(name) >= _NAME_CUT and whole.startswith(name) else name
