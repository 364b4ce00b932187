"""The zip of which every byte is accounted for."""

import hashlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import archive
from config.archive import ArchiveWriter
from config.errors import InputError
from config.settings import BUNDLE_MAX_BYTES, BUNDLE_MEMBER_MAX_BYTES, BUNDLE_MEMBERS_MAX

MEMBERS = {"log/proofs.json": b"{}" * 500, "README.txt": b"Read me.\n", "empty": b"", "z": bytes(range(256))}


def written(members: dict[str, bytes]) -> bytes:
    """A zip of these members."""
    writer = ArchiveWriter()
    for name, content in members.items():
        writer.add(name, content)
    return writer.finish()


def contents(data: bytes) -> dict[str, bytes]:
    """What a zip of ours holds."""
    return {member.name: archive.content(data, member) for member in archive.read(data)}


@given(st.dictionaries(st.sampled_from(["a", "b/c", "b/c.d", "1", "e/f/g/h"]), st.binary()))
def test_round_trip(members: dict[str, bytes]) -> None:
    """What was written is read, in its order, and written again it is the same."""
    data = written(members)

    assert list(members.items()) == list(contents(data).items())
    assert data == written(contents(data))


def test_any_zip_tool_reads_it() -> None:
    """It is a plain zip to others, with plain modes and one fixed date."""
    with zipfile.ZipFile(io.BytesIO(written(MEMBERS))) as opened:
        assert opened.testzip() is None
        assert MEMBERS == {name: opened.read(name) for name in opened.namelist()}
        assert {(1980, 1, 1, 0, 0, 0)} == {each.date_time for each in opened.infolist()}
        assert {0o100644} == {each.external_attr >> 16 for each in opened.infolist()}


def test_others_zips_are_refused() -> None:
    """What another writer made of the same members is not ours."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in MEMBERS.items():
            opened.writestr(name, content)

    with pytest.raises(InputError, match="bundle_structure"):
        archive.read(buffer.getvalue())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/../b",
        ".a",
        "a/.b",
        "a\\b",
        "a b",
        "é",
        "a\n",
        "C:a",
        "a/b/c/d/e",
        "a" * 241,
    ],
)
def test_names(name: str) -> None:
    """A name that some system reads in its own way is neither written nor read."""
    with pytest.raises(ValueError, match="no name"):
        ArchiveWriter().add(name, b"")

    encoded = name.encode()
    header = archive.Member("n" * len(encoded), 0, 0, 0, 0, 0).header
    with pytest.raises(InputError, match="bundle_structure: the zip structure: the header"):
        archive.read(header.removesuffix(b"n" * len(encoded)) + encoded)


def test_every_bit() -> None:
    """Every bit is held by structure or content, but for other spellings of compressed data."""
    data = written(MEMBERS)
    unseen = set()
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            try:
                assert MEMBERS == contents(flipped)
                unseen.add(at)
            except InputError:
                pass

    # That a deflate stream has several spellings is why the manifest holds the digest of the bytes as well.
    deflated = [member for member in archive.read(data) if member.method]
    assert all(any(0 <= at - each.start < each.stored for each in deflated) for at in unseen)


@pytest.mark.parametrize(
    "changed",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: b"\0" + data,
        lambda data: data[:-2] + struct.pack("<H", 1) + b"x",
        lambda data: data[: len(data) // 2],
        lambda data: b"PK\3\4",
    ],
)
def test_structure(changed: object) -> None:
    """Nothing stands before, between or after."""
    with pytest.raises(InputError, match="the zip structure"):
        archive.read(changed(written(MEMBERS)))  # type: ignore[operator]


def test_twice() -> None:
    """Two members of one name are refused on both sides."""
    writer = ArchiveWriter()
    writer.add("a", b"1")
    writer.add("a", b"2")

    with pytest.raises(InputError, match="two members are called a"):
        writer.finish()


def forged(content: bytes, stored: bytes, method: int, size: int) -> bytes:
    """A zip whose one member claims a size, with fitting headers."""
    member = archive.Member("a", method, zlib.crc32(content), len(stored), size, 31)
    body = member.header + stored
    return body + archive._directory([member], len(body))


def deflated(content: bytes) -> bytes:
    """Raw deflate."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def test_bombs() -> None:
    """A member that unpacks to more than it promises costs no more than it promised."""
    bomb = bytes(50 << 20)
    for data in (
        forged(bomb, deflated(bomb), 8, 1000),
        forged(b"a", deflated(b"a") + b"more", 8, 1),
        forged(b"abc", deflated(b"abc")[:-2], 8, 3),
        forged(b"abc", deflated(b"abc"), 8, 4),
        forged(b"abc", b"abd", 0, 3),
        forged(b"abc", b"\xff\xff\xff", 8, 3),
    ):
        (member,) = archive.read(data)
        with pytest.raises(InputError, match="bundle_member_damaged: a is damaged"):
            archive.content(data, member)


def test_methods() -> None:
    """A stored member has one size, and there is no third method."""
    for data in (forged(b"abc", b"abc", 0, 4), forged(b"abc", b"abc", 12, 3)):
        with pytest.raises(InputError, match="a is stored in a way that is not ours"):
            archive.read(data)


def test_limits() -> None:
    """Sizes and numbers are bounded before anything is unpacked."""
    with pytest.raises(InputError, match="bundle_too_large: a has more than"):
        archive.read(forged(b"", b"", 8, BUNDLE_MEMBER_MAX_BYTES + 1))

    count = BUNDLE_MAX_BYTES // BUNDLE_MEMBER_MAX_BYTES + 1
    body, members = b"", []
    for number in range(count):
        name = f"{number}"
        start = len(body) + 30 + len(name)
        members.append(archive.Member(name, 8, 0, 0, BUNDLE_MEMBER_MAX_BYTES, start))
        body += members[-1].header
    with pytest.raises(InputError, match="bundle_too_large: too many"):
        archive.read(body + archive._directory(members, len(body)))


def test_too_many_members() -> None:
    """There are no more members than a plain zip can hold."""
    body, members = bytearray(), []
    for number in range(BUNDLE_MEMBERS_MAX + 1):
        name = f"{number}"
        members.append(archive.Member(name, 0, 0, 0, 0, len(body) + 30 + len(name)))
        body += members[-1].header

    with pytest.raises(InputError, match="bundle_too_large"):
        archive.read(bytes(body))


def test_digest() -> None:
    """The digest so far is that of the bytes before the next member."""
    writer = ArchiveWriter()
    writer.add("a", b"1")
    before = writer.digest()
    writer.add("b", b"2")
    data = writer.finish()

    assert before == hashlib.sha256(data[: archive.read(data)[1].offset]).hexdigest()
