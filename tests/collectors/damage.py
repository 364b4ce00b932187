"""What can be wrong with a path or a tool: named kinds of damage, laid over a case's twin.

Which paths and commands there are to damage is not written down: `Watched` records what collectors ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from collectors import door
from collectors.door import Command, Stat
from tests.collectors.twin import Node, Twin

HUGE: Final = 200_000_000
_BAD: Final = ("fail", "unknown")


def improved(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Each check whose failure or unknown became a pass or an exemption, with both answers in words."""
    return {
        check: f"{check} {before[check]} -> {answer}"
        for check, answer in after.items()
        if before[check] in _BAD and answer not in _BAD
    }


@dataclass
class Watched(Twin):
    """A twin that records every path that it is asked for."""

    paths: dict[str, None] = field(default_factory=dict)

    def read(self, path: str, limit: int = door.READ_MAX_BYTES) -> bytes:
        self.paths[path] = None
        return super().read(path, limit)

    def beginning(self, path: str, size: int) -> bytes:
        self.paths[path] = None
        return super().beginning(path, size)

    def list(self, path: str) -> tuple[str, ...]:
        self.paths[path] = None
        return super().list(path)

    def stat(self, path: str, follow: bool = True) -> Stat:
        self.paths[path] = None
        return super().stat(path, follow)

    def readlink(self, path: str) -> str:
        self.paths[path] = None
        return super().readlink(path)


def watched(twin: Twin) -> Watched:
    """The same twin, watched."""
    given = (twin.nodes, twin.commands, twin.running, twin.listening, twin.mounted, twin.offline, twin.now)
    return Watched(*given)


def unseeable(path: str, node: Node) -> Mapping[str, Node]:
    """What makes that nobody can see what a path holds."""
    return {
        "fifo": replace(node, kind="other", content=b""),
        "loop": replace(node, kind="link", link=path, content=b""),
        "unreadable": replace(node, unseen="permission_denied"),
        "huge": replace(node, kind="file", size=HUGE),
        "folder": replace(node, kind="dir", content=b""),
        "late": replace(node, unseen="budget_spent"),
    }


def rewritten(node: Node) -> Mapping[str, Node]:
    """What leaves a readable file, with other bytes in it."""
    changes: Mapping[str, Callable[[bytes], bytes]] = {
        "nothing": lambda data: b"",
        "nul": lambda data: data + b"\0" * 64,
        "nul_first": lambda data: b"\0" + data,
        "utf16": lambda data: data.decode("utf-8", "replace").encode("utf-16"),
        "latin1": lambda data: data + b"\n\xe9\xff\xfe\n",
        "bom": lambda data: b"\xef\xbb\xbf" + data,
        "crlf": lambda data: data.replace(b"\n", b"\r\n"),
        "one_line": lambda data: data.replace(b"\n", b" "),
        "torn": lambda data: data[: len(data) // 2],
        "deep": lambda data: data + b"\n" + b"[{(<" * 3000,
        "long_line": lambda data: data + b"\n" + b"x=" * 100_000,
        "controls": lambda data: data + b"\n\x1b[2J\x07\x00\r\x0b\x0c\xc2\x85\xe2\x80\xa8\n",
    }
    if node.kind != "file" or node.unseen:
        return {}
    return {name: replace(node, content=change(node.content)) for name, change in changes.items()}


UNTOLD: Final = ("timeout", "too_large", "tool_missing", "permission_denied", "malformed", "budget_spent")


def lies(argv: Sequence[str], done: Command | str) -> Mapping[str, Command | str]:
    """What a command may say instead: nothing at all for a reason, or something that is no answer."""
    key = tuple(argv)
    texts = {
        "nothing": b"",
        "newline": b"\n",
        "json": b'{"a": [1, {"b": null}]}',
        "list": b"[]",
        "null": b"null",
        "html": b"<!DOCTYPE html><html><body><h1>Login required</h1></body></html>\n",
        "german": "Fehler: keine Berechtigung\nStatus: läuft nicht\nAktiviert: nein\n".encode(),
        "spanish": "No se encontró la orden\nEstado: inactivo\nHabilitado: no\n".encode(),
        "chinese": "错误 权限不足\n状态 未运行\n".encode(),
        "binary": bytes(range(256)) * 8,
        "controls": b"\x1b[31mok\x1b[0m\r\n\x07",
    }
    found: dict[str, Command | str] = {name: Command(key, 0, text, b"") for name, text in texts.items()}
    found |= {reason: reason for reason in UNTOLD}
    for code in (1, 126, 127, 137, -9, -11, 255):
        found[f"exit_{code}"] = Command(key, code, b"", b"")
    if isinstance(done, Command):
        half = done.stdout[: len(done.stdout) // 2]
        found["torn"] = done._replace(stdout=half)
        found["torn_killed"] = done._replace(stdout=half, returncode=-9)
        found["shouting"] = done._replace(stdout=done.stdout + b"\x00\xff" * 1000)
    return found
