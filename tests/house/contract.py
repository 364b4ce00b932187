"""The import contract: which room may import what.

A checker over syntax trees, since it must also see imports inside functions and must not run anything.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Room:
    """What the modules of one room may import beside the standard library and their own room."""

    rooms: frozenset[str]
    anywhere: frozenset[str]
    """Third-party packages that may be imported at the top of a module."""
    inside: frozenset[str] = frozenset()
    """Third-party packages of other extras: only inside the functions that need them."""
    refused: frozenset[str] = frozenset()
    """Parts of the standard library the room must do without."""
    excepted: frozenset[str] = frozenset()
    """Submodules of refused modules that are harmless."""
    refused_calls: frozenset[str] = field(default=frozenset())
    """Calls, by the name they end in, that reach for a clock or a file."""


CONTRACT = {
    # Pure: no network, no clock, no host, no database, no chance.
    "config": Room(
        rooms=frozenset(),
        anywhere=frozenset({"cryptography"}),
        refused=frozenset(
            "asyncio concurrent ctypes dbm fcntl ftplib getpass glob grp http imaplib locale logging mmap "
            "multiprocessing os pathlib platform poplib pwd random resource secrets select selectors shelve "
            "shutil signal smtplib socket socketserver sqlite3 ssl subprocess syslog tempfile threading time "
            "urllib uuid webbrowser".split()
        ),
        excepted=frozenset({"urllib.parse"}),
        refused_calls=frozenset(
            {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "open", "print"}
        ),
    ),
    "collectors": Room(
        rooms=frozenset(),
        anywhere=frozenset({"psutil"}),
        inside=frozenset(
            "bonsai cryptography dns ldap3 nmap paramiko publicsuffixlist pythoncom pywintypes requests smbprotocol"
            " urllib3 win32com win32evtlog".split()
        ),
    ),
    "agent": Room(
        rooms=frozenset({"collectors", "config"}),
        anywhere=frozenset({"apscheduler", "cryptography", "psutil", "requests"}),
        # urllib3 comes with requests, which lets its errors through where a body is read piece by piece; tzlocal comes
        # with APScheduler; the others are pywin32's.
        inside=frozenset({"urllib3", "tzlocal", "pywintypes", "servicemanager", "win32service"}),
    ),
    "server": Room(
        rooms=frozenset({"config"}),
        anywhere=frozenset(
            "allauth asgiref cryptography csp django fido2 ninja pydantic uvicorn whitenoise".split()
        ),
        inside=frozenset({"psycopg"}),
    ),
}


@dataclass(frozen=True)
class _Import:
    name: str
    line: int
    at_top: bool


def violations(source: str, path: str) -> list[str]:
    """What in this module breaks the contract, one sentence each; an empty list if nothing does.

    `path` is relative to the checkout and decides the room.
    """
    room_name = path.split("/", maxsplit=1)[0]
    room = CONTRACT[room_name]
    tree = ast.parse(source, filename=path)
    found = []
    for seen in _imports(tree):
        reason = _refusal(seen, room_name, room)
        if reason:
            found.append(f"{path}:{seen.line}: imports {seen.name}: {reason}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            # `datetime.datetime.now()` too, but not `stream.open()`.
            dotted = [name for name in room.refused_calls if "." in name and called.endswith("." + name)]
            if dotted or called in room.refused_calls:
                found.append(f"{path}:{node.lineno}: calls {called}: {room_name} is pure")
    return found


def _refusal(seen: _Import, room_name: str, room: Room) -> str:
    top = seen.name.split(".", maxsplit=1)[0]
    if top == room_name or top in room.rooms:
        return ""
    if top in CONTRACT or top == "tests":
        return f"{room_name} may import {', '.join(sorted(room.rooms)) or 'no other room'}"
    if top in sys.stdlib_module_names:
        if top not in room.refused or any(_is_within(seen.name, name) for name in room.excepted):
            return ""
        return f"{room_name} must do without"
    if top in room.anywhere or (top in room.inside and not seen.at_top):
        return ""
    if top in room.inside:
        return "an optional package: import it inside the function that needs it"
    return f"not one of {room_name}'s packages"


def _is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _imports(tree: ast.Module) -> Iterator[_Import]:
    """Every import, those inside functions and those by name (`import_module("x")`) included."""
    later = {id(node) for function in _functions(tree) for node in ast.walk(function)}
    typing_only = {id(node) for guard in _typing_guards(tree) for node in ast.walk(guard)}
    for node in ast.walk(tree):
        at_top = id(node) not in later and id(node) not in typing_only
        for name in _names(node):
            yield _Import(name, getattr(node, "lineno", 0), at_top)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        # `from urllib import parse` names the submodule only here.
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {
        "import_module",
        "__import__",
    }:
        return [
            arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
    return []


def _functions(tree: ast.Module) -> Iterator[ast.AST]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))


def _typing_guards(tree: ast.Module) -> Iterator[ast.AST]:
    return (
        n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test).endswith("TYPE_CHECKING")
    )
