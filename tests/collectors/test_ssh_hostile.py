"""A hostile or broken other side of SSH: bounded in time and memory, one clear error, and nothing it says is run."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from collectors.door import LIST_MAX_NAMES, Unseen
from collectors.doors import sftp, ssh_login
from collectors.doors.connecting import ConnectError
from collectors.doors.sftp import Sftp
from collectors.doors.ssh import Credentials, connect
from collectors.doors.ssh_files import Files
from tests.collectors.ssh_world import Sshd, User
from tests.collectors.test_door_ssh import looked

real = pytest.mark.real("sshd", "ssh-keygen", "unshare", "openssl", root=True)
VERSION = struct.pack(">IBI", 5, 2, 3)
ATTRIBUTES = struct.pack(">IQIIIII", 15, 10, 0, 0, 0o100644, 0, 0)
FOLDER = struct.pack(">IQIIIII", 15, 10, 0, 0, 0o040755, 0, 0)


def text(value: bytes) -> bytes:
    """A string as SFTP writes it."""
    return struct.pack(">I", len(value)) + value


def packet(kind: int, number: int, body: bytes) -> bytes:
    """An answer."""
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


class Channel:
    """A channel to a server made of one function: from kind, number and body of a question to bytes."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.waiting, self.closed, self.served = answer, bytearray(VERSION), False, 0

    def settimeout(self, seconds: float) -> None:
        """Not needed."""

    def sendall(self, data: bytes) -> None:
        """Every packet comes in one call."""
        if data[4] != sftp.INIT:
            self.waiting += self.answer(data[4], struct.unpack(">I", data[5:9])[0], data[9:])

    def recv(self, most: int) -> bytes:
        """What waits, or silence."""
        if not self.waiting:
            raise TimeoutError
        taken = bytes(self.waiting[:most])
        del self.waiting[:most]
        self.served += len(taken)
        return taken

    def close(self) -> None:
        """The end."""
        self.closed = True


def served(answer: Any) -> tuple[Files, list[Channel]]:
    """Files behind such a server."""
    made: list[Channel] = []

    def begin() -> Sftp:
        made.append(Channel(answer))
        return Sftp(made[-1], 1.0)  # type: ignore[arg-type]

    return Files(begin, lambda source: 60.0), made


def name(value: bytes, attributes: bytes = ATTRIBUTES) -> bytes:
    """One row of a folder."""
    return text(value) + text(b"") + attributes


def folder_of(*rows: bytes) -> Any:
    """A server whose folders hold these rows, again and again."""

    def answer(kind: int, number: int, body: bytes) -> bytes:
        if kind == sftp.OPENDIR:
            return packet(102, number, text(b"h"))
        if kind == sftp.READDIR:
            return packet(104, number, struct.pack(">I", len(rows)) + b"".join(rows))
        return packet(105, number, FOLDER)

    return answer


def reason(function: Any, *arguments: Any) -> str:
    """The reason for which something is unseen."""
    with pytest.raises(Unseen) as caught:
        function(*arguments)
    return caught.value.reason


# --- an SFTP server that lies


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda kind, number, body: b"", "timeout"),
        (lambda kind, number, body: b"\x7f\xff\xff\xff" + bytes(100), "malformed"),
        (lambda kind, number, body: bytes(4), "malformed"),
        (lambda kind, number, body: b"\x1b[31m garbage garbage garbage", "malformed"),
        (lambda kind, number, body: packet(105, number + 977, ATTRIBUTES), "malformed"),
        (lambda kind, number, body: packet(105, number, ATTRIBUTES[:9]), "malformed"),
        (lambda kind, number, body: packet(105, number, struct.pack(">IQ", 1, 10)), "malformed"),
        (lambda kind, number, body: packet(105, number, struct.pack(">II", 4, 0o100644)), "malformed"),
        (lambda kind, number, body: packet(101, number, struct.pack(">I", 4)), "malformed"),
        (lambda kind, number, body: packet(101, number, struct.pack(">I", 3)), "permission_denied"),
        (lambda kind, number, body: packet(102, number, text(b"h")), "malformed"),
        (lambda kind, number, body: packet(103, number, struct.pack(">I", 1 << 30)), "malformed"),
        (lambda kind, number, body: packet(200, number, b""), "malformed"),
    ],
)
def test_answers_that_are_none(answer: Any, why: str) -> None:
    """Silence, nonsense, answers to nobody and half answers: unseen, and the session is not used again."""
    files, made = served(answer)
    assert why == reason(files.stat, "/x", True)
    for _ in range(10):
        assert reason(files.stat, "/y", True) in (why, "timeout")
    assert len(made) <= 4


def test_file_without_end() -> None:
    """A file that goes on is too large; one that is longer than it is said to be is read to its limit."""

    def answer(kind: int, number: int, body: bytes) -> bytes:
        if kind == sftp.OPEN:
            return packet(102, number, text(b"h"))
        if kind == sftp.READ:
            return packet(103, number, text(b"x" * struct.unpack(">I", body[-4:])[0]))
        return packet(105, number, ATTRIBUTES)

    files, made = served(answer)
    assert "too_large" == reason(files.read, "/x", 1 << 20, True)
    assert 1 << 20 == len(files.read("/x", 1 << 20, whole=False))
    assert made[0].served < 4 << 20


def test_more_than_was_asked_for() -> None:
    """A part longer than what was asked for is refused."""

    def answer(kind: int, number: int, body: bytes) -> bytes:
        if kind == sftp.OPEN:
            return packet(102, number, text(b"h"))
        return (
            packet(103, number, text(b"x" * 300_000))
            if kind == sftp.READ
            else packet(105, number, ATTRIBUTES)
        )

    assert "malformed" == reason(served(answer)[0].read, "/x", 1 << 20, True)


def test_file_that_becomes_a_device() -> None:
    """What is opened is looked at again: another file may have taken the name."""

    def answer(kind: int, number: int, body: bytes) -> bytes:
        if kind == sftp.OPEN:
            return packet(102, number, text(b"h"))
        if kind == sftp.READ:
            return packet(103, number, text(b"x"))
        mode = 0o020600 if kind == sftp.FSTAT else 0o100644
        return packet(105, number, struct.pack(">IQIIIII", 15, 1, 0, 0, mode, 0, 0))

    assert "malformed" == reason(served(answer)[0].read, "/x", 1 << 20, True)


@pytest.mark.parametrize("wrong", [b"../../etc/passwd", b"a/b", b"", b"a\0b"])
def test_names_that_are_none(wrong: bytes) -> None:
    """A name in a folder is one component."""
    assert "malformed" == reason(served(folder_of(name(b"good"), name(wrong)))[0].list, "/x")


def test_folder_without_end() -> None:
    """A folder that goes on, with names or without, is too large."""
    rows = [name(b"%d" % number) for number in range(5000)]
    assert "too_large" == reason(served(folder_of(*rows))[0].list, "/x")
    assert "too_large" == reason(served(folder_of())[0].list, "/x")
    assert LIST_MAX_NAMES < 5000 * 100


def test_links_without_end() -> None:
    """A chain of links in which each leads to a longer one ends."""

    def answer(kind: int, number: int, body: bytes) -> bytes:
        if kind == sftp.READLINK:
            return packet(104, number, struct.pack(">I", 1) + name(b"a/" * 2000))
        if kind == sftp.LSTAT:
            return packet(105, number, struct.pack(">IQIIIII", 15, 1, 0, 0, 0o120777, 0, 0))
        return packet(101, number, struct.pack(">I", 2))

    assert "malformed" == reason(served(answer)[0].stat, "/x", True)


def test_no_sftp_server() -> None:
    """What answers something else than a version is no SFTP server."""
    channel = Channel(None)
    channel.waiting = bytearray(b"This account is not available.\n")
    with pytest.raises(Unseen):
        Sftp(channel, 1.0)  # type: ignore[arg-type]


# --- a server that is none

SAID = {
    "silent": b"",
    "other": b"220 mail.example ESMTP\r\n" * 200,
    "flood": b"x" * 65536,
    "old": b"SSH-1.5-old\r\n",
    "garbage": b"SSH-2.0-x\r\n" + bytes(range(256)) * 100,
    "length": b"SSH-2.0-x\r\n\x7f\xff\xff\xff" + bytes(1000),
    "cut": None,
}


@pytest.mark.parametrize("kind", SAID)
def test_no_ssh_server(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever answers on that port in place of an SSH server: one error, in time."""
    monkeypatch.setattr(ssh_login, "CONNECT_SECONDS", 1.0)
    said = SAID[kind]

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.settimeout(3)
            if said is not None:
                connection.sendall(said)
            while said is not None and connection.recv(65536):
                if kind == "flood":
                    connection.sendall(said)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        started = time.monotonic()
        with pytest.raises(ConnectError) as caught:
            connect(f"a@127.0.0.1:{listening.getsockname()[1]}", Credentials(known_hosts="/dev/null"))
        assert time.monotonic() - started < 4
        thread.join()
    assert "ssh_unreachable" == caught.value.code


# --- a login shell that lies

SHELLS = {
    "banner": "echo welcome\n",
    "flood": "exec yes\n",
    "flood_of_errors": "exec yes >&2\n",
    "silent": "exec sleep 3\n",
    "controls": "printf '\\033]0;owned\\007\\033[31m' >&2; exit 3\n",
    "agrees": "exit 0\n",
    "echoes": 'printf "%s\\n" "$2"\n',
    "killed": "kill -9 $$\n",
}


@real
@pytest.mark.xdist_group("ssh_door")
@pytest.mark.parametrize("kind", SHELLS)
def test_shell(kind: str, tmp_path: Path) -> None:
    """A login shell that says or does anything but what it is told ends in one error, in time."""
    shell = tmp_path / "shell"
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    shell.write_text("#!/bin/sh\n" + SHELLS[kind])
    shell.chmod(0o755)
    with Sshd(user=User(shell=str(shell))) as sshd:
        started = time.monotonic()
        with pytest.raises(ConnectError) as caught:
            connect(sshd.address("auditor"), sshd.credentials(), budget_seconds=2)
        assert time.monotonic() - started < 10
    assert "ssh_host_unusable" == caught.value.code
    assert (caught.value.message + caught.value.hint).isprintable()


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    with Sshd() as running:
        yield running


@real
@pytest.mark.xdist_group("ssh_door")
def test_connection_that_ends(sshd: Sshd) -> None:
    """When the connection ends in the middle, what was not looked at is unknown, at once, and nothing is claimed."""
    host = sshd.door()
    assert host.text("/etc/passwd")
    before = looked(sshd.door())
    assert sshd.server is not None
    for one in psutil.Process(sshd.server.pid).children(recursive=True):
        one.kill()
    started = time.monotonic()
    for name_of, found in looked(host).items():
        for fact, value in found.facts.items():
            assert value == before[name_of].facts[fact], fact
        assert found.missing or not before[name_of].facts
        assert set(found.missing.values()) <= {"timeout", *before[name_of].missing.values()}, name_of
    assert time.monotonic() - started < 10
    host.close()
