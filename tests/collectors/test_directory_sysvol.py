"""The door to SYSVOL against servers that lie: what is not sealed, too large or late is no file."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from collectors.door import Unseen
from collectors.doors import directory_sysvol
from collectors.doors.directory_sysvol import Sysvol, guard


class Wire:
    """A transport that hands out what it was given."""

    def __init__(self, *messages: bytes) -> None:
        self.messages = [*messages]

    def recv(self, timeout: float) -> bytes:
        """The next message."""
        return self.messages.pop(0)

    def _recv(self, length: int, timeout: float) -> tuple[bytes, float]:
        return b"x" * length, timeout


def test_unsealed_answers() -> None:
    """Once the session is sealed, an answer in the clear ends it; before, and for the end, it is as it was."""
    sealed = [False]
    wire = Wire(b"\xfeSMB login", b"\xfdSMB secret", b"", b"\xfeSMB forged file")
    guard(wire, lambda: sealed[0])

    assert wire.recv(1) == b"\xfeSMB login"
    sealed[0] = True
    assert wire.recv(1) == b"\xfdSMB secret"
    assert wire.recv(1) == b""
    with pytest.raises(ValueError, match="not sealed"):
        wire.recv(1)


def test_size_of_an_answer() -> None:
    """A size of gigabytes is refused before it is made room for."""
    wire = Wire()
    guard(wire, lambda: True)

    assert len(wire._recv(1024, 1)[0]) == 1024
    with pytest.raises(ValueError, match="too large"):
        wire._recv(2**32 - 1, 1)


def serve(answer: Callable[[socket.socket], None]) -> int:
    """A server for one visitor; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listening, listening.accept()[0] as visitor:
            visitor.recv(4096)
            answer(visitor)

    threading.Thread(target=run, daemon=True).start()
    return int(listening.getsockname()[1])


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack(">I", 2**32 - 1),
        b"\0\0\0\x20\xfeSMB" + b"\0" * 28,
        b"",
    ],
)
def test_no_server_of_files(answer: bytes) -> None:
    """Another protocol, a size of gigabytes, a torn header and silence each end soon, with a reason."""
    share = Sysvol("127.0.0.1", "CORP\\u", "Secr3t-word", 20, serve(lambda visitor: visitor.sendall(answer)))
    with pytest.raises(Unseen) as caught:
        share.read("corp.test/x")

    assert caught.value.reason in ("malformed", "timeout")
    assert "Secr3t" not in repr(caught.value)


def silent(ended: threading.Event) -> None:
    """Say nothing until the test is over."""
    ended.wait(10)


def test_late_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never answers costs the seconds that are allowed, once."""
    monkeypatch.setattr(directory_sysvol, "ANSWER_MAX_SECONDS", 1)
    ended = threading.Event()
    share = Sysvol("127.0.0.1", "CORP\\u", "s", 20, serve(lambda visitor: silent(ended)))
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(Unseen, match="timeout"):
            share.read("corp.test/x")
    ended.set()

    assert time.monotonic() - began < 5


def test_no_time_left() -> None:
    """Nothing is asked after the budget of the scan."""
    with pytest.raises(Unseen, match="budget_spent"):
        Sysvol("127.0.0.1", "CORP\\u", "s", 0).read("corp.test/x")
