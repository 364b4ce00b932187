"""Files of a host behind SFTP: what the door asks of a path, in few round trips and with the same answers.

SFTP tells less than the kernel does: a loop of links is "no such file" to it. Where something is said to be
missing the way to it is therefore walked, component by component, before that is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from collectors import door
from collectors.door import Stat, Unseen
from collectors.doors import outcomes, sftp
from collectors.doors.sftp import Answer, Attributes, Name, Question, Sftp, Status

ASK_SECONDS: Final = 20.0
_SESSIONS_MAX: Final = 4
_STEPS_MAX: Final = 4096
_KEPT_MAX_BYTES, _KEPT_MAX = 64 * 1024, 1000
_ASKED_BEFORE_LISTED: Final = 2
_AHEAD: Final = 4
_NAME_SURE: Final = 60  # characters, which no file system refuses as too long
_DOTS: Final = ("", ".", "..")
_FOLDER_ROUNDS_MAX: Final = 4096


class Files:
    """The files that one SFTP server shows. `begin` opens a session, `left` gives the seconds that are left."""

    def __init__(self, begin: Callable[[], Sftp], left: Callable[[str], float]) -> None:
        self._begin, self._left = begin, left
        self._session: Sftp | None = None
        self._begun = 0
        self._stats: dict[tuple[str, bool], Stat | Status] = {}
        self.lists_tell_all = False
        """Whether what a folder does not list is not in it: untrue of an automounter's."""
        self._asked_in: dict[str, int] = {}
        self._read: dict[str, bytes] = {}
        self._lists: dict[str, tuple[str, ...]] = {}

    def ask(self, questions: Sequence[Question], source: str) -> list[Answer]:
        """The answers to questions of our own making, in one round trip each 64."""
        outcomes.demand_possible(source)
        seconds = min(self._left(source), ASK_SECONDS)
        try:
            return self._at_work(source).ask(questions, seconds)
        except Unseen as unseen:
            raise Unseen(unseen.reason, source, unseen.detail) from None

    def stat(self, path: str, follow: bool) -> Stat:
        """What a path is."""
        told = self._look(path, follow)
        if isinstance(told, Status):
            raise self._missing(told, path, follow)
        return told

    def read(self, path: str, limit: int, whole: bool) -> bytes:
        """All of a regular file, or its first `limit` bytes."""
        info = self.stat(path, follow=True)
        outcomes.demand_regular(info, path, limit, whole)
        kept = self._read.get(path)
        if kept is not None and len(kept) <= limit:
            return kept
        handle = self._handle(sftp.opening(path), path)
        try:
            data = self._contents(handle, path, min(info.size, limit), limit, whole)
        finally:
            self._let_go(handle)
        if whole and len(data) <= _KEPT_MAX_BYTES and len(self._read) < _KEPT_MAX:
            self._read[path] = data
        return data

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a folder."""
        if path not in self._lists:
            handle = self._handle(sftp.at(sftp.OPENDIR, path), path)
            self._keep(path, self._names(handle, path))
        return self._lists[path]

    def readlink(self, path: str) -> str:
        """Where a link points."""
        if self.stat(path, follow=False).kind != "link":
            raise Unseen("malformed", path, "not a link")
        return self._target(path)

    def close(self) -> None:
        """End the session."""
        if self._session:
            self._session.close()

    def _at_work(self, source: str) -> Sftp:
        if self._session is None or self._session.broken:
            if self._session:
                self._session.close()
            if self._begun == _SESSIONS_MAX:
                raise Unseen("timeout", source, "the SFTP server failed too often")
            self._begun += 1
            self._session = self._begin()
        return self._session

    def _look(self, path: str, follow: bool) -> Stat | Status:
        """Both what a path is and what it leads to are asked at once: the second question is nearly free.

        Whoever asks for a second path in a folder will ask for more: then the folder is listed, which tells
        of all that is in it and of all that is not.
        """
        outcomes.demand_possible(path)
        told = self._stats.get((path, follow)) or self._listed(path, follow)
        return told or self._asked(path, follow)

    def _listed(self, path: str, follow: bool) -> Stat | Status | None:
        """What the listing of its folder tells of a path."""
        folder, _, name = path.rpartition("/")
        folder = folder or "/"
        if name in _DOTS or f"{folder}/".startswith("/proc/"):
            return None
        self._asked_in[folder] = self._asked_in.get(folder, 0) + 1
        if self._asked_in[folder] == _ASKED_BEFORE_LISTED:
            with suppress(Unseen):
                self.list(folder)
        is_there = (path, False) in self._stats
        if self.lists_tell_all and folder in self._lists and not is_there and len(name) <= _NAME_SURE:
            return Status(sftp.NO_SUCH_FILE)
        return self._stats.get((path, follow))

    def _asked(self, path: str, follow: bool) -> Stat | Status:
        both = self.ask([sftp.at(sftp.STAT, path), sftp.at(sftp.LSTAT, path)], path)
        for told, followed in zip(both, (True, False), strict=True):
            self._stats[path, followed] = _stat(told, path)
        return self._stats[path, follow]

    def _keep(self, folder: str, names: Sequence[Name]) -> None:
        """Keep a folder's names, and what the server said of each beside it."""
        base = folder.rstrip("/")
        for name in names:
            if name.attributes is not None:
                info = _stat(name.attributes, folder)
                self._stats.setdefault((f"{base}/{name.text}", False), info)
                if isinstance(info, Stat) and info.kind != "link":
                    self._stats.setdefault((f"{base}/{name.text}", True), info)
        texts = [name.text for name in names]
        self._lists[folder] = tuple(sorted(texts, key=lambda text: text.encode("utf-8", "surrogateescape")))

    def _missing(self, told: Status, path: str, follow: bool) -> Unseen:
        """The `Unseen` for a server's no."""
        if told.reason != "not_found":
            return Unseen(told.reason, path)
        return self._way_to(path, follow)

    def _way_to(self, path: str, follow: bool) -> Unseen:
        """Why there is nothing at a path: walked as the kernel does."""
        here, parts, links = "", path.split("/")[::-1], 0
        for _ in range(_STEPS_MAX):
            while parts and parts[-1] in ("", "."):
                parts.pop()
            if not parts:
                return Unseen("not_found", path)
            part = parts.pop()
            at = here.rpartition("/")[0] if part == ".." else f"{here}/{part}"
            info = self._look(at or "/", follow=False)
            if isinstance(info, Status):
                return Unseen(info.reason, path)
            if info.kind == "link" and (follow or any(parts)):
                links += 1
                if links > door.LINKS_MAX:
                    return Unseen("malformed", path, "too many links")
                target = self._target(at)
                here = "" if target.startswith("/") else here
                parts.extend(target.split("/")[::-1])
            elif info.kind != "dir" and any(parts):
                return Unseen("not_found", path)
            else:
                here = at
        return Unseen("malformed", path, "too many components")

    def _target(self, path: str) -> str:
        (told,) = self.ask([sftp.at(sftp.READLINK, path)], path)
        if isinstance(told, list) and len(told) == 1:
            return told[0].text
        raise Unseen(told.reason if isinstance(told, Status) else "malformed", path)

    def _contents(self, handle: bytes, path: str, expected: int, limit: int, whole: bool) -> bytes:
        """Read on until the end; at first all that the size promises, and what may follow it."""
        data, most = bytearray(), limit + whole
        while len(data) < most:
            start, stop = len(data), max(expected, len(data))
            asked = [
                (each, min(stop - each, sftp.READ_BYTES)) for each in range(start, stop, sftp.READ_BYTES)
            ]
            asked += [(stop, min(most - stop, sftp.READ_BYTES))] if stop < most else []
            questions = [sftp.reading(handle, offset, size) for offset, size in asked]
            now, *parts = self.ask([Question(sftp.FSTAT, handle), *questions], path)
            if isinstance(seen := _stat(now, path), Stat):
                outcomes.demand_regular(seen, path, limit, whole)
            for (_, size), part in zip(asked, parts, strict=True):
                if isinstance(part, Status) and part.code == sftp.EOF:
                    return bytes(data)
                if not isinstance(part, bytes) or not 0 < len(part) <= size:
                    raise Unseen(part.reason if isinstance(part, Status) else "malformed", path)
                data += part
                if len(part) < size:
                    break
        if whole:
            raise Unseen("too_large", path, f"more than {limit} bytes")
        return bytes(data)

    def _names(self, handle: bytes, path: str) -> Sequence[Name]:
        found: list[Name] = []
        for _ in range(_FOLDER_ROUNDS_MAX):
            for told in self.ask([Question(sftp.READDIR, handle)] * _AHEAD, path):
                if isinstance(told, Status) and told.code == sftp.EOF:
                    self._let_go(handle)
                    return found
                if not isinstance(told, list) or not all(_is_name(name.text) for name in told):
                    raise Unseen(told.reason if isinstance(told, Status) else "malformed", path)
                found += [name for name in told if name.text not in _DOTS]
            if len(found) > door.LIST_MAX_NAMES:
                raise Unseen("too_large", path, f"more than {door.LIST_MAX_NAMES} names")
        raise Unseen("too_large", path, "the folder does not end")

    def _handle(self, question: Question, path: str) -> bytes:
        (told,) = self.ask([question], path)
        if isinstance(told, Status):
            raise self._missing(told, path, follow=True)
        if not isinstance(told, bytes):
            raise Unseen("malformed", path, "the server's answer is none")
        return told

    def _let_go(self, handle: bytes) -> None:
        if self._session and not self._session.broken:
            self._session.let_go(handle, ASK_SECONDS)


def _is_name(text: str) -> bool:
    return bool(text) and "/" not in text and "\0" not in text


def _stat(told: Answer, path: str) -> Stat | Status:
    if isinstance(told, Attributes):
        return outcomes.stat_of(*told[3:4], *told[1:3], told.size, told.modified)
    if isinstance(told, Status):
        return told
    raise Unseen("malformed", path, "the server's answer is none")
