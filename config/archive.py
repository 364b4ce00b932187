"""A zip of which every byte is accounted for: one order of fields, fixed dates, no extras, no gaps.

A reader accepts only what this writer would have written around the same compressed data, so that headers,
directory and padding have no room for anything else. Compressed data has many spellings for one content; who
needs to know that it is unchanged compares its digest, as `config.bundle_check` does. Any zip tool reads it.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from config.errors import InputError
from config.settings import BUNDLE_MAX_BYTES, BUNDLE_MEMBER_MAX_BYTES, BUNDLE_MEMBERS_MAX

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _UNIX, _DATE = 20, 3 << 8, 0x21  # 2.0 reads it; modes are Unix modes; 1980-01-01
_MODE = 0o100644 << 16
_STORED, _DEFLATED, _LEVEL, _RAW = 0, 8, 6, -15
_FILE_MAX_BYTES = (1 << 32) - 1
# No dot files, no way up, nothing that any system reads in its own way.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9][A-Za-z0-9._~-]*){0,3}")
_NAME_MAX_CHARACTERS = 240


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its name, how it is stored, and where its data begin in the file."""

    name: str
    method: int
    crc: int
    stored: int
    size: int
    start: int

    @property
    def is_packed(self) -> bool:
        """Whether the data are compressed, and so have other spellings."""
        return self.method != _STORED

    @property
    def offset(self) -> int:
        """Where the member begins in the file."""
        return self.start - len(self.header)

    @property
    def header(self) -> bytes:
        """What stands before the data."""
        return _LOCAL.pack(b"PK\3\4", _VERSION, 0, *self._fields(), 0) + self.name.encode()

    @property
    def entry(self) -> bytes:
        """What the directory says of it."""
        fields = (_UNIX | _VERSION, _VERSION, 0, *self._fields(), 0, 0, 0, 0, _MODE, self.offset)
        return _CENTRAL.pack(b"PK\1\2", *fields) + self.name.encode()

    def _fields(self) -> tuple[int, ...]:
        return (self.method, 0, _DATE, self.crc, self.stored, self.size, len(self.name))


class ArchiveWriter:
    """Writes members in the order given; the same members give the same bytes, with the same zlib."""

    def __init__(self) -> None:
        self._members: list[Member] = []
        self._data = bytearray()

    def add(self, name: str, content: bytes, is_packed: bool = True) -> None:
        """Append a member, compressed where that helps. Raises ValueError for a name that none would accept."""
        if not is_name(name):
            raise ValueError(f"{name!r} is no name for a member")
        method, stored = _STORED, content
        if is_packed and len(packed := _deflate(content)) < len(content):
            method, stored = _DEFLATED, packed
        start = len(self._data) + _LOCAL.size + len(name)
        member = Member(name, method, zlib.crc32(content), len(stored), len(content), start)
        self._members.append(member)
        self._data += member.header + stored

    def digest(self) -> str:
        """SHA-256, in hex, of the file as far as it has been written."""
        return hashlib.sha256(self._data).hexdigest()

    def finish(self) -> bytes:
        """The whole file. Raises InputError `bundle_too_large`."""
        data = bytes(self._data) + _directory(self._members, len(self._data))
        read(data)
        return data


def is_name(name: str) -> bool:
    """Whether a member may be called so."""
    return len(name) <= _NAME_MAX_CHARACTERS and _NAME.fullmatch(name) is not None


def read(data: bytes) -> tuple[Member, ...]:
    """The members, in the file's order; no content is looked at yet.

    Raises InputError `bundle_structure` where a byte is not where the writer would have put it, or
    `bundle_too_large`.
    """
    members: list[Member] = []
    names: set[str] = set()
    total = position = 0
    for member in _members(data):
        if member.name in names:
            raise _odd(f"two members are called {member.name}")
        names.add(member.name)
        members.append(member)
        total, position = total + member.size, member.start + member.stored
        if len(members) > BUNDLE_MEMBERS_MAX or total > BUNDLE_MAX_BYTES or position > _FILE_MAX_BYTES:
            raise InputError("bundle_too_large", "too many members or bytes", "Export a part of the fleet.")
    if data[position:] != _directory(members, position):
        raise _odd(f"what follows byte {position} is not the directory of the members before it")
    return tuple(members)


def content(data: bytes, member: Member) -> bytes:
    """A member's content, at bounded cost. Raises InputError `bundle_member_damaged`, naming it."""
    stored = memoryview(data)[member.start : member.start + member.stored]
    try:
        found = _inflate(stored, member.size) if member.is_packed else bytes(stored)
    except zlib.error as error:
        raise _damaged(member, str(error)) from error
    if len(found) != member.size or zlib.crc32(found) != member.crc:
        raise _damaged(member, "its size or checksum differs")
    return found


def _members(data: bytes) -> Iterator[Member]:
    position = 0
    while data[position : position + 4] == b"PK\3\4" and len(data) - position >= _LOCAL.size:
        _, _, _, method, _, _, crc, stored, size, length, _ = _LOCAL.unpack_from(data, position)
        start = position + _LOCAL.size + length
        name = data[position + _LOCAL.size : start].decode("ascii", "replace")
        member = Member(name, method, crc, stored, size, start)
        if not is_name(name) or data[position:start] != member.header or start + stored > len(data):
            raise _odd(f"the header at byte {position} is not as it would be written for {name[:80]!r}")
        if method not in (_STORED, _DEFLATED) or (method == _STORED and stored != size):
            raise _odd(f"{name} is stored in a way that is not ours")
        if size > BUNDLE_MEMBER_MAX_BYTES:
            raise InputError("bundle_too_large", f"{name} has more than {BUNDLE_MEMBER_MAX_BYTES} bytes")
        yield member
        position = start + stored


def _directory(members: list[Member], position: int) -> bytes:
    entries = b"".join(member.entry for member in members)
    counts = (0, 0, len(members), len(members))
    return entries + _END.pack(b"PK\5\6", *counts, len(entries), position, 0)


def _deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    return packer.compress(content) + packer.flush()


def _inflate(stored: memoryview, size: int) -> bytes:
    unpacker = zlib.decompressobj(_RAW)
    # One byte more than promised is enough to know that a promise was false.
    found = unpacker.decompress(stored, size + 1)
    if not unpacker.eof or unpacker.unused_data:
        raise zlib.error("its compressed data do not end where they should")
    return found


def _odd(message: str) -> InputError:
    return InputError(
        "bundle_structure", f"the zip structure: {message}", "Ask for the file again, unaltered."
    )


def _damaged(member: Member, why: str) -> InputError:
    return InputError("bundle_member_damaged", f"{member.name} is damaged: {why}")
