"""The in-memory twin of the door: a host made of a fixture, which also polices its caller."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from collectors import door
from collectors.door import Command, Mount, Process, Socket, Stat, Unseen
from collectors.doors import outcomes

_T = TypeVar("_T")
MOMENT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Node:
    """One path of the twin: a file with content, a folder, a link, or something that is none of them."""

    kind: str = "file"
    content: bytes = b""
    link: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    modified_at: datetime = MOMENT
    unseen: str = ""
    size: int | None = None


@dataclass
class Twin(door.Host):
    """A host of a test.

    Commands that are not named are missing tools; whatever else a caller does fails loudly.
    """

    nodes: Mapping[str, Node]
    commands: Mapping[tuple[str, ...], Command | str] = field(default_factory=dict)
    running: tuple[Process, ...] | str = "unsupported"
    listening: tuple[Socket, ...] | str = "unsupported"
    mounted: tuple[Mount, ...] | str = "unsupported"
    offline: bool = False
    now: datetime = MOMENT
    platform: str = "linux"
    cache: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        parents = {"/": Node("dir", mode=0o755)}
        for path in self.nodes:
            above = path
            while above != "/":
                above = posixpath.dirname(above)
                parents[above] = Node("dir", mode=0o755)
        self.nodes = {**parents, **self.nodes}

    def read(self, path: str, limit: int = door.READ_MAX_BYTES) -> bytes:
        node = self._node(path)
        if node.unseen:
            raise Unseen(node.unseen, path)
        if node.kind != "file":
            raise Unseen("malformed", path, "not a regular file")
        if (node.size or len(node.content)) > limit:
            raise Unseen("too_large", path)
        return node.content

    def beginning(self, path: str, size: int) -> bytes:
        zeros = bytes(min(size, self._node(path).size or 0))
        return (self.read(path, sys.maxsize) + zeros)[:size]

    def list(self, path: str) -> tuple[str, ...]:
        node, real = self._node(path), self._real(path)
        if node.unseen:
            raise Unseen(node.unseen, path)
        if node.kind != "dir":
            raise Unseen("not_found", path)
        names = (
            posixpath.basename(one) for one in self.nodes if one != "/" and posixpath.dirname(one) == real
        )
        return tuple(sorted(names, key=str.encode))

    def stat(self, path: str, follow: bool = True) -> Stat:
        node = self._node(path, follow)
        kind = node.kind if node.kind in ("file", "dir", "link", "device") else "other"
        size = len(node.content) if node.size is None else node.size
        return Stat(kind, node.mode, node.uid, node.gid, size, node.modified_at)  # type: ignore[arg-type]

    def readlink(self, path: str) -> str:
        node = self._node(path, follow=False)
        if node.kind != "link":
            raise Unseen("malformed", path, "not a link")
        return node.link

    def run(self, argv: Sequence[str], ok: Sequence[int] = (0,), timeout: float | None = None) -> Command:
        assert not isinstance(argv, str), "an argument list, never a string"
        assert all(isinstance(one, str) for one in argv)
        key = tuple(argv)
        if self.offline:
            raise Unseen("offline_root", " ".join(key))
        self.asked.append(key)
        done = self.commands.get(key, "tool_missing")
        if isinstance(done, str):
            raise Unseen(done, " ".join(key))
        return outcomes.checked(done, ok)

    def processes(self) -> tuple[Process, ...]:
        return _given(self.running, "processes", self.offline)

    def sockets(self) -> tuple[Socket, ...]:
        return _given(self.listening, "sockets", self.offline)

    def mounts(self) -> tuple[Mount, ...]:
        return _given(self.mounted, "mounts", self.offline)

    def _node(self, path: str, follow: bool = True) -> Node:
        return self.nodes[self._real(path, follow)]

    def _real(self, path: str, follow: bool = True) -> str:
        """The path without links; links are resolved inside the twin, as everywhere."""
        assert path.startswith("/"), f"collectors use absolute paths, not {path!r}"
        done, parts, links = "/", [part for part in path.split("/") if part], 0
        while parts:
            part = parts.pop(0)
            done = posixpath.normpath(posixpath.join(done, part))
            node = self.nodes.get(done)
            if node is None:
                raise Unseen("not_found", path)
            if node.kind == "link" and (follow or parts):
                links += 1
                if links > door.LINKS_MAX:
                    raise Unseen("malformed", path, "too many links")
                parts = [one for one in node.link.split("/") if one] + parts
                done = "/" if node.link.startswith("/") else posixpath.dirname(done)
            elif parts and node.unseen == "permission_denied":
                raise Unseen("permission_denied", path)
        return done


def denied(twin: Twin, *paths: str) -> Twin:
    """The same twin, in which these paths may not be read."""
    nodes = dict(twin.nodes)
    for path in paths:
        nodes[path] = replace(nodes[path], unseen="permission_denied")
    return replace(twin, nodes=nodes)


def _given(what: tuple[_T, ...] | str, source: str, offline: bool) -> tuple[_T, ...]:
    if offline:
        raise Unseen("offline_root", source)
    if isinstance(what, str):
        raise Unseen(what, source)
    return what
