"""Package archives for APT, and a root of its own that fetches them, made on the spot."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.door import READ_MAX_BYTES, SYSTEM_PATH, Command, Stat
from collectors.doors.local import Local

FOLDERS = (
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "var/lib/apt/lists/partial",
    "var/lib/dpkg",
    "var/cache/apt/archives/partial",
)
_INST = re.compile(r"^Inst (\S+) \[(\S+)\] \((\S+) ([^)]*)\)", re.MULTILINE)
_LISTED = re.compile(r"^([^/\s]+)/\S+ (\S+) (\S+) \[upgradable from: (\S+)\]", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Package:
    """One version of a package; `source` as dpkg's Source field has it."""

    name: str
    version: str
    architecture: str = "all"
    source: str = ""

    @property
    def stanza(self) -> str:
        """Its fields, but for the status of an installed one and the file of an offered one."""
        source = f"Source: {self.source}\n" if self.source else ""
        return (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {self.architecture}\n{source}"
            "Multi-Arch: same\nMaintainer: nobody\nDescription: made up\n"
        ).replace("Multi-Arch: same\n" if self.architecture == "all" else "\0", "")


@dataclass(frozen=True)
class Archive:
    """A flat archive; `release` is the head of its Release file."""

    name: str
    release: str
    packages: tuple[Package, ...]


class Rooted(Local):
    """The local door, with APT looking at a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, argv: Sequence[str], ok: Sequence[int] = (0,), timeout: float | None = None) -> Command:
        return super().run([*argv, *options(self.folder)], ok, timeout)

    def read(self, path: str, limit: int = READ_MAX_BYTES) -> bytes:
        return super().read(f"{self.folder}{path}", limit)

    def list(self, path: str) -> tuple[str, ...]:
        return super().list(f"{self.folder}{path}")

    def stat(self, path: str, follow: bool = True) -> Stat:
        return super().stat(f"{self.folder}{path}", follow)


def options(root: Path) -> list[str]:
    """What makes APT work on a folder, as a machine of amd64 that takes i386 too."""
    told = [f"Dir={root}", f"Dir::State::status={root}/var/lib/dpkg/status", "APT::Sandbox::User=root"]
    told += ["APT::Architecture=amd64", "APT::Architectures::=amd64", "APT::Architectures::=i386"]
    return [word for one in told for word in ("-o", one)]


def tool(root: Path, *argv: str) -> str:
    """The output of the real tool on a root, for the test itself."""
    done = subprocess.run(
        [*argv, *options(root)],
        env={"PATH": SYSTEM_PATH, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout


def make_root(
    folder: Path, installed: Iterable[tuple[Package, str]], archives: Iterable[Archive], pins: str = ""
) -> Path:
    """A root with these packages, each with its selection ("install", "hold"), and the archives fetched."""
    root = folder / "root"
    for one in FOLDERS:
        (root / one).mkdir(parents=True)
    status = [f"{one.stanza}Status: {selection} ok installed\n" for one, selection in installed]
    (root / "var/lib/dpkg/status").write_text("\n".join(status))
    lines = []
    for archive in archives:
        there = folder / archive.name
        there.mkdir()
        file = f"Filename: ./x.deb\nSize: 1\nSHA256: {'0' * 64}\n"
        text = "\n".join(one.stanza + file for one in archive.packages)
        (there / "Packages").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        head = f"{archive.release}Date: Mon, 23 Nov 2026 04:00:00 UTC\n"
        (there / "Release").write_text(f"{head}SHA256:\n {digest} {len(text)} Packages\n")
        lines.append(f"deb [trusted=yes] file:{there} ./\n")
    (root / "etc/apt/sources.list").write_text("".join(lines))
    (root / "etc/apt/preferences.d/pin").write_text(pins)
    (root / "etc/os-release").write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
    tool(root, "apt-get", "-qq", "update")
    return root


def simulated(root: Path, command: str) -> dict[str, tuple[str, str]]:
    """What `apt-get -s upgrade` or `dist-upgrade` would do: name to the new version and its origins.

    APT also replaces a package by another build of the same version; that is no update.
    """
    found = _INST.findall(tool(root, "apt-get", "-s", command))
    return {name: (version, origins) for name, old, version, origins in found if version != old}


def upgradable(root: Path) -> set[str]:
    """The names of `apt list --upgradable`, but for those that another build of the same version replaces."""
    rows = _LISTED.findall(tool(root, "apt", "list", "--upgradable"))
    return {
        name if architecture in ("amd64", "all") else f"{name}:{architecture}"
        for name, version, architecture, old in rows
        if version != old
    }


def matching(root: Path, pattern: str) -> set[str]:
    """The names of installed packages that apt itself finds by a pattern (apt-patterns(7)).

    Where a pin asks for an older version, that one is shown in the installed one's place.
    """
    rows = re.findall(r"^([^/\s]+)/\S+ \S+ (\S+)", tool(root, "apt", "list", pattern), re.MULTILINE)
    return {
        name if architecture in ("amd64", "all") else f"{name}:{architecture}" for name, architecture in rows
    }
