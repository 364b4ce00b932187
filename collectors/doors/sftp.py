"""SFTP version 3, only what reads: many questions in one round trip, every answer bounded.

Own code in place of paramiko's: that takes packets of any size, waits for each answer before the next
question, and gives up on a folder that holds one name which is not UTF-8.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from collectors.door import Unseen

if TYPE_CHECKING:
    import paramiko

INIT, OPEN, CLOSE, READ, LSTAT, FSTAT, OPENDIR, READDIR, STAT, READLINK = 1, 3, 4, 5, 7, 8, 11, 12, 17, 19
_VERSION, _STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 2, 101, 102, 103, 104, 105
EOF: Final = 1
NO_SUCH_FILE: Final = 2
PACKET_MAX_BYTES: Final = 512 * 1024
READ_BYTES: Final = 32 * 1024
_AT_ONCE: Final = 64
_ALL_OF_IT: Final = 15
_REASONS: Final = {NO_SUCH_FILE: "not_found", 3: "permission_denied", 8: "unsupported"}


class Attributes(NamedTuple):
    """What the server says of a file."""

    size: int
    uid: int
    gid: int
    mode: int
    modified: int


class Status(NamedTuple):
    """An answer that is no: its code; EOF at the end of a file or folder."""

    code: int

    @property
    def reason(self) -> str:
        """The reason for which something is unseen."""
        return _REASONS.get(self.code, "malformed")


class Name(NamedTuple):
    """A name in a folder or the text of a link, and what the server says of it, where it says all."""

    text: str
    attributes: Attributes | None = None


Answer = bytes | Attributes | list[Name] | Status


class Question(NamedTuple):
    """One request: its kind, a path or handle, and what follows it."""

    kind: int
    about: bytes
    rest: bytes = b""


def at(kind: int, path: str) -> Question:
    """A question about a path."""
    return Question(kind, path.encode("utf-8", "surrogateescape"))


def opening(path: str) -> Question:
    """Open a file for reading."""
    return at(OPEN, path)._replace(rest=struct.pack(">II", 1, 0))


def reading(handle: bytes, offset: int, size: int) -> Question:
    """Read a part of an open file."""
    return Question(READ, handle, struct.pack(">QI", offset, min(size, READ_BYTES)))


class Sftp:
    """A session with an SFTP server on a channel that is open already. After a failure it is `broken`."""

    def __init__(self, channel: paramiko.Channel, seconds: float) -> None:
        self._channel = channel
        self._number = 0
        self._unread = bytearray()
        self._let_go: set[int] = set()
        self.broken = True
        self._send(struct.pack(">BI", INIT, 3), time.monotonic() + seconds)
        kind, _ = self._packet(time.monotonic() + seconds)
        if kind != _VERSION:
            raise Unseen("malformed", "sftp", "no SFTP server answers")
        self.broken = False

    def ask(self, questions: Sequence[Question], seconds: float) -> list[Answer]:
        """The answers, in order. Raises `Unseen` where the server is silent, gone or talks nonsense."""
        self.broken = True  # until all is read: an alarm may end us in the middle of an answer
        deadline = time.monotonic() + seconds
        answers: list[Answer] = []
        for start in range(0, len(questions), _AT_ONCE):
            answers += self._some(questions[start : start + _AT_ONCE], deadline)
        self.broken = False
        return answers

    def let_go(self, handle: bytes, seconds: float) -> None:
        """Close a handle; nobody waits for the answer."""
        self.broken = True
        self._let_go.add(self._put(Question(CLOSE, handle), time.monotonic() + seconds))
        self.broken = False

    def close(self) -> None:
        """End the session."""
        self.broken = True
        self._channel.close()

    def _some(self, questions: Sequence[Question], deadline: float) -> list[Answer]:
        numbers = [self._put(each, deadline) for each in questions]
        answers: dict[int, Answer] = {}
        while len(answers) < len(numbers):
            kind, body = self._packet(deadline)
            try:
                (number,) = struct.unpack_from(">I", body)
                if number in self._let_go:
                    self._let_go.remove(number)
                    continue
                answer = _parsed(kind, body)
            except (struct.error, IndexError):
                raise Unseen("malformed", "sftp", "an answer that is none") from None
            if number not in numbers or number in answers:
                raise Unseen("malformed", "sftp", "an answer that nobody asked for")
            answers[number] = answer
        return [answers[number] for number in numbers]

    def _put(self, question: Question, deadline: float) -> int:
        self._number = (self._number + 1) & 0xFFFFFFFF
        head = struct.pack(">BII", question.kind, self._number, len(question.about))
        self._send(head + question.about + question.rest, deadline)
        return self._number

    def _send(self, packet: bytes, deadline: float) -> None:
        try:
            self._channel.settimeout(max(deadline - time.monotonic(), 0.001))
            self._channel.sendall(struct.pack(">I", len(packet)) + packet)
        except TimeoutError:
            raise Unseen("timeout", "sftp") from None
        except (OSError, EOFError):  # as paramiko says of a transport that ended, and of a channel
            raise Unseen("timeout", "sftp", "the SFTP server is gone") from None

    def _packet(self, deadline: float) -> tuple[int, memoryview]:
        (length,) = struct.unpack(">I", self._bytes(4, deadline))
        if not 1 <= length <= PACKET_MAX_BYTES:
            raise Unseen("malformed", "sftp", "an answer of no possible length")
        packet = self._bytes(length, deadline)
        return packet[0], memoryview(packet)[1:]

    def _bytes(self, count: int, deadline: float) -> bytes:
        while len(self._unread) < count:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unseen("timeout", "sftp")
            self._channel.settimeout(left)
            try:
                part = self._channel.recv(READ_BYTES)
            except TimeoutError:
                raise Unseen("timeout", "sftp") from None
            if not part:
                raise Unseen("timeout", "sftp", "the SFTP server is gone")
            self._unread += part
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        return taken


def _parsed(kind: int, body: memoryview) -> Answer:
    if kind == _STATUS:
        return Status(struct.unpack_from(">I", body, 4)[0])
    if kind in (_HANDLE, _DATA):
        return _text(body, 4)[0]
    if kind == _ATTRS:
        if not _is_whole(body, 4):
            raise IndexError(kind)
        return _attributes(body, 4)[0]
    if kind == _NAME:
        return _names(body)
    raise IndexError(kind)


def _names(body: memoryview) -> list[Name]:
    (count,), place, names = struct.unpack_from(">I", body, 4), 8, []
    for _ in range(count):
        name, place = _text(body, place)
        _, place = _text(body, place)
        whole = _is_whole(body, place)
        attributes, place = _attributes(body, place)
        names.append(Name(name.decode("utf-8", "surrogateescape"), attributes if whole else None))
    return names


def _is_whole(body: memoryview, place: int) -> bool:
    """Whether nothing is left out: an owner that is not told is not root."""
    return not ~struct.unpack_from(">I", body, place)[0] & _ALL_OF_IT


def _text(body: memoryview, place: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">I", body, place)
    place += 4
    if place + length > len(body):
        raise IndexError(length)
    return bytes(body[place : place + length]), place + length


def _attributes(body: memoryview, place: int) -> tuple[Attributes, int]:
    (flags,) = struct.unpack_from(">I", body, place)
    place += 4
    found = [0, 0, 0, 0, 0]
    for bit, form, first in ((1, ">Q", 0), (2, ">II", 1), (4, ">I", 3), (8, ">4xI", 4)):
        if flags & bit:
            values = struct.unpack_from(form, body, place)
            found[first : first + len(values)] = values
            place += struct.calcsize(form)
    if flags & 0x80000000:
        (count,) = struct.unpack_from(">I", body, place)
        place += 4
        for _ in range(2 * count):
            _, place = _text(body, place)
    return Attributes(*found), place
