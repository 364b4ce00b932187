"""OSV advisories out of whatever they were downloaded as, one at a time: a zip of an ecosystem, lines, a list, one.

Nothing is unpacked as a whole: a member is read, handed on and forgotten. What would cost too much is refused first.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader, BytesIO
from typing import Any

from config.errors import InputError
from server.feeds import reading
from server.feeds.reading import Source, refused

WANTED = "OSV advisories (an ecosystem's all.zip, or JSON)"
ADVISORY_MAX_BYTES = 16 << 20
LIST_MAX_BYTES = 64 << 20
UNPACKED_MAX_BYTES = 4 << 30
MEMBERS_MAX = 200_000
DIRECTORY_MAX_BYTES = 16 << 20  # of a zip: what lists its members

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_AGAIN = "Download it again."
Told = Callable[[int, int], None]
"""Hears how many advisories of how many are read; of 0 where nobody knows."""


def read(source: Source, told: Told) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each advisory with where it stands; InputError ``feed_…``."""
    if is_zip(source):
        yield from _zipped(source, told)
        return
    first = source.file.readline(ADVISORY_MAX_BYTES + 1)
    if first.lstrip(b"\xef\xbb\xbf \t\r").startswith(b"[") or not _is_line(first, source.name):
        source.file.seek(0)
        opened = reading.document(source.read(LIST_MAX_BYTES), source.name, WANTED)
        for each in opened if isinstance(opened, list) else [opened]:
            yield source.name, _advisory(each, source.name)
        return
    source.file.seek(0)
    yield from _lines(source, told)


def is_zip(source: Source) -> bool:
    """Return whether the file begins as a zip with members does."""
    start = source.file.read(4)
    source.file.seek(0)
    return start == b"PK\3\4"


def _is_line(line: bytes, where: str) -> bool:
    """Whether a first line is an advisory by itself, so that the others are, too."""
    try:
        return isinstance(reading.document(line, where, WANTED), dict)
    except InputError:
        return False


def _lines(source: Source, told: Told) -> Iterator[tuple[str, dict[str, Any]]]:
    total = number = 0
    while line := source.file.readline(ADVISORY_MAX_BYTES + 1):
        number, total = number + 1, total + len(line)
        where = f"{source.name}, line {number}"
        if len(line) > ADVISORY_MAX_BYTES or total > UNPACKED_MAX_BYTES or number > MEMBERS_MAX:
            raise refused("too_large", where, "longer than any ecosystem's advisories")
        if line.strip():
            yield where, _advisory(reading.document(line, where, WANTED), where)
        told(number, 0)


def _zipped(source: Source, told: Told) -> Iterator[tuple[str, dict[str, Any]]]:
    with _opened(source) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
        if len(members) > MEMBERS_MAX:
            raise refused("too_large", source.name, f"more than {MEMBERS_MAX} members")
        left = UNPACKED_MAX_BYTES
        for number, member in enumerate(members, start=1):
            where = f"{source.name}, {member.filename[:80]}"
            if not member.filename.endswith(".json"):
                raise refused("wrong_kind", where, f"this is no advisory; wanted are {WANTED}", reading.WHERE)
            data = _unpacked(archive, member, where)
            left -= len(data)
            if left < 0:
                raise refused("too_large", source.name, f"more than {UNPACKED_MAX_BYTES >> 30} GiB unpacked")
            yield where, _advisory(reading.document(data, where, WANTED), where)
            told(number, len(members))


def _opened(source: Source) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(_Bounded(source.file))
    except zipfile.BadZipFile as error:
        raise refused(
            "cut_off", source.name, "the zip archive has no end, or a damaged one", _AGAIN
        ) from error
    except (zlib.error, ValueError, NotImplementedError) as error:
        raise refused("damaged", source.name, "the zip archive cannot be read", _AGAIN) from error


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> bytes:
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
        raise refused("damaged", where, "it is encrypted, or packed in a way that nobody uses for advisories")
    try:
        with archive.open(member) as opened:
            # What the directory promises of its size may be false; what comes out counts.
            data = opened.read(ADVISORY_MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise refused("damaged", where, f"it cannot be unpacked: {str(error)[:80]}", _AGAIN) from error
    if len(data) > ADVISORY_MAX_BYTES:
        raise refused("too_large", where, f"more than {ADVISORY_MAX_BYTES >> 20} MiB unpacked")
    return data


def _advisory(value: Any, where: str) -> dict[str, Any]:
    match value:
        case {"id": str(), "modified": str()}:
            return dict(value)
    raise reading.wrong_kind(where, reading.kind(value), WANTED)


class _Bounded:
    """A file that gives no more at once than a real archive's directory has: `zipfile` reads that as a whole."""

    def __init__(self, file: BufferedReader | BytesIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, of all that are left where no size is asked for; InputError ``feed_too_large``."""
        data = self._file.read(min(size, DIRECTORY_MAX_BYTES + 1) if size >= 0 else DIRECTORY_MAX_BYTES + 1)
        if len(data) > DIRECTORY_MAX_BYTES:
            raise InputError("feed_too_large", "The zip archive lists more members than any ecosystem has.")
        return data
