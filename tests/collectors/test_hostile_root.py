"""Whole scans of roots in which everything that any collector asks for is hostile.

Each scan runs in a process of its own, with bounded memory and a hook that records what is really opened.
"""

import os
import posixpath
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from collectors import discover
from collectors.door import REASONS
from collectors.look import look_with
from tests.collectors.cases import cases, twin
from tests.collectors.confined import CHECKOUT, Told, confined
from tests.collectors.damage import improved, watched
from tests.collectors.twin import Node

SECONDS = 20.0
PEAK_MIB = 150
PASSES_BY_ABSENCE = {
    # Where neither sudo nor doas has a line, nobody is granted anything.
    "privileges.sudo-asks-password.v1",
    "privileges.sudo-authenticates.v1",
    # What is not installed does not run.
    "remote-tools.no-unattended.v1",
    "remote-tools.none-running.v1",
}
MARKER = "boltseal-canary-5f2a"
NOBODY = 65534
OWN = (sys.prefix, sys.base_prefix, str(CHECKOUT))


@cache
def asked() -> Mapping[str, Node]:
    """Every path that some collector asked for in some case, with what was there in the last such case."""
    found: dict[str, Node] = {}
    for subject, collector in discover().items():
        for case in cases(subject):
            host = watched(twin(case))
            look_with(collector, host)
            for path in host.paths:
                found[path] = host.nodes.get(path) or found.get(path) or Node(kind="none")
    return {path: node for path, node in found.items() if path.startswith("/") and "\0" not in path}


@cache
def leaves() -> list[str]:
    """Those that hold no other."""
    folders = {parent for path in asked() for parent in parents(path)}
    return sorted(path for path in asked() if path not in folders and posixpath.normpath(path) == path != "/")


def parents(path: str) -> Iterator[str]:
    above = posixpath.dirname(path)
    while above != "/":
        yield above
        above = posixpath.dirname(above)


def build(folder: Path, place: Callable[[Path, bytes], None]) -> None:
    """Lay `place(real path, what a case had there)` at every leaf."""
    for path in leaves():
        real = folder / path.lstrip("/")
        real.parent.mkdir(parents=True, exist_ok=True)
        place(real, asked()[path].content)


def as_it_is(path: Path, content: bytes) -> None:
    """The host of the cases; what none of them had is left out."""
    if content:
        path.write_bytes(content)


def clean(told: Told, folder: Path) -> None:
    """What holds of every scan."""
    assert set(told.missing.values()) <= set(REASONS)
    assert {*told.facts, *told.missing} == {name for each in discover().values() for name in each.facts}
    assert told.seconds < SECONDS
    assert told.peak_mib < PEAK_MIB
    assert not told.errors
    assert MARKER not in told.output
    strangers = [one for one in told.opened if not is_ours(*one)]
    assert not strangers


def is_ours(event: str, path: str, flags: int) -> bool:
    """Whether something opened is a name inside the folder, links not followed, or Python's and the agent's own."""
    if event == "os.scandir":
        return path.isdecimal()  # a handle
    if event != "open":
        return False
    if path == "/proc/self/status" or path.startswith(OWN):
        return True
    if "/" in path:
        return path.startswith("/proc/self/fd/") and path[14:].isdecimal()
    return bool(flags & os.O_NOFOLLOW) or path == "."


def no_better(told: Told, before: Told) -> None:
    assert not improved(before.answers, told.answers)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The scan of the same root with nothing wrong."""
    folder = tmp_path_factory.mktemp("good")
    build(folder, as_it_is)
    return confined("root", folder, SECONDS)


def _socket(path: Path, content: bytes) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/fd/{here}/{path.name}"[:100])
    os.close(here)


def _device(path: Path, content: bytes) -> None:
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5 if len(path.name) % 2 else 1))  # /dev/zero, /dev/mem


def _zeros(path: Path, content: bytes) -> None:
    path.touch()
    os.truncate(path, 200_000_000)


def _closed(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0)


UNSEEABLE: Mapping[str, Callable[[Path, bytes], None]] = {
    "fifo": lambda path, content: os.mkfifo(path),
    "device": _device,
    "socket": _socket,
    "loop": lambda path, content: path.symlink_to(path.name),
    "link_out": lambda path, content: path.symlink_to("/../../../../../../canary"),
    "relative_link_out": lambda path, content: path.symlink_to("../" * 40 + "canary"),
    "link_to_proc": lambda path, content: path.symlink_to("/proc/self/root/etc/shadow"),
    "zeros": _zeros,
    "unreadable": _closed,
    "folder": lambda path, content: path.mkdir(),
}
REWRITTEN: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "nul": lambda data: data + b"\0" * 9999 + data,
    "utf16": lambda data: data.decode("utf-8", "replace").encode("utf-16"),
    "latin1": lambda data: data.replace(b"e", b"\xe9"),
    "bom_and_crlf": lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
    "proc_like": lambda data: b"Name:\tx\nPid:\t1\n0::/init.scope\n36 35 98:0 / / rw - ext3 /dev/x rw\n",
    "controls": lambda data: bytes(range(32)).join([data[:9], "\u2028\x85\x0b\x1c".encode(), data]),
    "brackets": lambda data: data + b"\n" + b"({[<\"'\\$`" * 40_000,
}


@pytest.mark.real("mknod", root=True)
@pytest.mark.parametrize("kind", UNSEEABLE)
def test_everything_unseeable(kind: str, tmp_path: Path, good: Told) -> None:
    """Nothing can be seen: everything has its reason, nothing passes that did not, nothing outside is opened."""
    tmp_path.chmod(0o755)
    (tmp_path / "canary").write_text(f"root:{MARKER}:0:0::/:/bin/sh\n")
    root = tmp_path / "root"
    root.mkdir()
    build(root, UNSEEABLE[kind])
    told = confined("root", root, SECONDS, NOBODY if kind == "unreadable" else 0)
    clean(told, root)
    if kind in ("unreadable", "zeros"):
        assert set(told.missing.values()) & {"permission_denied", "too_large"}
    if kind not in (
        "link_out",
        "relative_link_out",
        "link_to_proc",
        "folder",
    ):  # to real programs these are not there
        no_better(told, good)


@pytest.mark.parametrize("kind", REWRITTEN)
def test_everything_rewritten(kind: str, tmp_path: Path) -> None:
    """Whatever bytes there are, the scan ends in time and memory, and nothing raises."""
    build(tmp_path, lambda path, content: void(path.write_bytes(REWRITTEN[kind](content))))
    clean(confined("root", tmp_path, SECONDS), tmp_path)


def void(what: object) -> None:
    """What a function returns that is called for what it does."""


@pytest.mark.parametrize("line", [b"x=", b"(", b"root:x:0:0::/:/bin/sh;"], ids=repr)
def test_everything_is_one_line_of_the_longest_size(line: bytes, tmp_path: Path) -> None:
    """As large as is still read: no reader's time may grow with the square of it."""
    one = tmp_path / "one"
    one.write_bytes(line * (4 * 1024 * 1024 // len(line)))
    root = tmp_path / "root"
    root.mkdir()
    build(root, lambda path, content: os.link(one, path))
    told = confined("root", root, SECONDS)
    clean(told, root)


FOLDERS = (
    "/etc/pam.d",
    "/etc/sudoers.d",
    "/etc/ssh/sshd_config.d",
    "/etc/systemd/system",
    "/etc/modprobe.d",
    "/proc",
)


ODD_NAMES = (
    b"a\nb.conf",
    b"\x1b[2J.conf",
    b"\xff\xfe.conf",
    b"x" * 255,
    b"-rf",
    b"..conf",
    b"* ?.conf",
    b"%s",
)


def test_hundred_thousand_files_in_every_folder_of_drop_ins(tmp_path: Path) -> None:
    """A folder with as many names as are still read."""
    root = tmp_path / "root"
    (root / "many").mkdir(parents=True)
    for number in range(100_001):
        if number % 50_000 == 0:  # a file has only so many names
            one = tmp_path / f"{number}.conf"
            one.write_text("x=y\n")
        os.link(one, root / "many" / f"{number}.conf")
    for folder in FOLDERS:
        (root / folder.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (root / folder.lstrip("/")).symlink_to("/many")
    told = confined("root", root, SECONDS)
    clean(told, root)
    assert "too_large" in told.missing.values()


def test_fifty_thousand_users(tmp_path: Path) -> None:
    """Every user has a password, a group and a home of its own."""
    etc = tmp_path / "etc"
    etc.mkdir()
    users = range(1000, 51_000)
    root = "root:x:0:0::/root:/bin/sh\n"
    etc.joinpath("passwd").write_text(
        root + "".join(f"u{one}:x:{one}:{one}::/home/u{one}:/bin/sh\n" for one in users)
    )
    etc.joinpath("shadow").write_text("".join(f"u{one}:$y$j9T$a$b:19000:0:99999:7:::\n" for one in users))
    etc.joinpath("group").write_text(
        "".join(f"u{one}:x:{one}:\n" for one in users) + "sudo:x:27:u1000,u1001\n"
    )
    etc.joinpath("sudoers").write_text("%sudo ALL=(ALL) ALL\n")
    told = confined("root", tmp_path, SECONDS)
    clean(told, tmp_path)
    assert ["root"] == told.facts["accounts.superuser_names"]


def test_deep_folders_and_names_of_any_bytes(tmp_path: Path) -> None:
    """Folders 5,000 deep, names with line feeds, escapes and bytes that are no text."""
    root = tmp_path / "root"
    for folder in FOLDERS:
        here = root / folder.lstrip("/")
        here.mkdir(parents=True)
        for name in (
            b"a\nb.conf",
            b"\x1b[2J.conf",
            b"\xff\xfe.conf",
            b"x" * 255,
            b"-rf",
            b"..conf",
            b"* ?.conf",
            b"%s",
        ):
            Path(os.fsdecode(os.fsencode(here) + b"/" + name)).write_bytes(b"\xff\nInclude *\nauth\n")
    handle = os.open(root / "etc/sudoers.d", os.O_RDONLY)
    for _ in range(5000):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    try:
        clean(confined("root", root, SECONDS), root)
    finally:
        subprocess.run(["rm", "-rf", root], check=True)  # what pytest's own cleaning cannot follow


def test_files_that_change_while_they_are_read(tmp_path: Path) -> None:
    """Files grow, shrink and turn into links to outside while the scan runs."""
    root, canary = tmp_path / "root", tmp_path / "canary"
    canary.write_text(f"root:{MARKER}:0:0::/:/bin/sh\n")
    root.mkdir()
    build(root, as_it_is)
    files = [root / path.lstrip("/") for path in leaves()]
    ended = threading.Event()

    def stir() -> None:
        turn = 0
        while not ended.is_set():
            turn += 1
            for file in files[turn % 7 :: 7]:
                with suppress(OSError):
                    if turn % 3 == 0:
                        file.unlink()
                        file.symlink_to(canary)
                    elif turn % 3 == 1:
                        file.unlink()
                        file.write_bytes(b"x" * turn)
                    else:
                        os.truncate(file, 5_000_000)

    stirring = threading.Thread(target=stir)
    stirring.start()
    try:
        for _ in range(2):
            clean(confined("root", root, SECONDS), root)
    finally:
        ended.set()
        stirring.join()


def test_root_that_is_a_link_and_an_empty_one(tmp_path: Path, good: Told) -> None:
    """The folder that a person names may be a link; what is empty proves nothing."""
    root = tmp_path / "root"
    root.mkdir()
    build(root, as_it_is)
    (tmp_path / "link").symlink_to("root")
    told = confined("root", tmp_path / "link", SECONDS)
    clean(told, root)
    assert good.answers == told.answers
    (tmp_path / "empty").mkdir()
    empty = confined("root", tmp_path / "empty", SECONDS)
    clean(empty, root)
    assert {name for name, answer in empty.answers.items() if answer == "pass"} <= PASSES_BY_ABSENCE
