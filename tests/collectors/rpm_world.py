"""Repositories of rpm packages with advisories, and roots that dnf and zypper work on, made on the spot.

Packages are made once per folder: a spec with one subpackage a name for every version, so that a hundred
packages take seconds. What is asked is the real tool, through the readers' own commands.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

from collectors.door import READ_MAX_BYTES, SYSTEM_PATH, Command, Stat
from collectors.doors.local import Local

ENVIRONMENT = {"PATH": SYSTEM_PATH, "LC_ALL": "C", "HOME": "/", "ZYPP_LOGFILE": "/dev/null", "TZ": "UTC"}


@dataclass(frozen=True, order=True)
class Package:
    """One version of a package; `version` is "epoch:version-release"."""

    name: str
    version: str

    @property
    def file(self) -> str:
        """The file's name: the epoch is no part of it."""
        return f"{self.name}-{self.version.partition(':')[2]}.noarch.rpm"


@dataclass(frozen=True)
class Advisory:
    """What a repository says of some packages' versions."""

    name: str
    kind: str
    packages: tuple[Package, ...]
    cves: tuple[str, ...] = ()
    restart: bool = False


@dataclass
class Repository:
    """A folder with packages; without advisories it carries no updateinfo at all."""

    name: str
    packages: list[Package]
    advisories: list[Advisory] | None = None
    lines: str = ""
    folder: Path = field(default_factory=Path)


class Installroot(Local):
    """The local door, with dnf, zypper and rpm working on a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def run(self, argv: Sequence[str], ok: Sequence[int] = (0,), timeout: float | None = None) -> Command:
        return super().run(rooted(self.folder, argv), ok, timeout)

    def read(self, path: str, limit: int = READ_MAX_BYTES) -> bytes:
        return super().read(f"{self.folder}{path}", limit)

    def list(self, path: str) -> tuple[str, ...]:
        return super().list(f"{self.folder}{path}")

    def stat(self, path: str, follow: bool = True) -> Stat:
        return super().stat(f"{self.folder}{path}", follow)

    def readlink(self, path: str) -> str:
        return super().readlink(f"{self.folder}{path}")


def rooted(folder: Path, argv: Sequence[str]) -> list[str]:
    """A command of ours, told to work on another root."""
    options = {
        "dnf": [f"--installroot={folder}", "--releasever=9"],
        "zypper": ["--root", str(folder)],
        "rpm": ["--root", str(folder)],
    }
    return [argv[0], *options[argv[0]], *argv[1:]]


def tool(folder: Path, *argv: str, ok: Iterable[int] = (0,)) -> str:
    """The output of the real tool on a root, for the test itself."""
    done = subprocess.run(rooted(folder, argv), env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode in ok, (argv, done.returncode, done.stdout, done.stderr)
    return done.stdout


def make_packages(folder: Path, packages: Iterable[Package]) -> None:
    """The files of all these packages, in `folder`."""
    by_version: dict[str, list[str]] = {}
    for one in packages:
        by_version.setdefault(one.version, []).append(one.name)
    for number, (evr, names) in enumerate(sorted(by_version.items())):
        epoch, _, rest = evr.partition(":")
        version, release = rest.split("-")
        subpackages = "".join(
            f"%package -n {name}\nSummary: made up\n%description -n {name}\nmade up\n%files -n {name}\n"
            for name in sorted(names)
        )
        spec = folder / f"{number}.spec"
        spec.write_text(
            f"Name: source\nEpoch: {epoch}\nVersion: {version}\nRelease: {release}\nSummary: made up\n"
            f"License: none\nBuildArch: noarch\n%description\nmade up\n{subpackages}"
        )
        argv = [
            "rpmbuild",
            "-bb",
            "--quiet",
            "--define",
            f"_topdir {folder}/top",
            "--define",
            f"_rpmdir {folder}",
        ]
        argv += ["--define", "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", str(spec)]
        subprocess.run(argv, check=True, capture_output=True, env={**ENVIRONMENT, "HOME": str(folder)})


def publish(pool: Path, folder: Path, repository: Repository) -> None:
    """Make the repository's folder: packages out of the pool, metadata, advisories."""
    repository.folder = folder
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "repodata", ignore_errors=True)
    for one in repository.packages:
        if not (folder / one.file).exists():
            os.link(pool / one.file, folder / one.file)
    subprocess.run(["createrepo_c", "-q", "--no-database", str(folder)], check=True, capture_output=True)
    if repository.advisories is not None:
        path = folder.with_name(f"{folder.name}.d") / "updateinfo.xml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(updateinfo(repository.advisories))
        subprocess.run(["modifyrepo_c", str(path), str(folder / "repodata")], check=True, capture_output=True)


def updateinfo(advisories: Iterable[Advisory]) -> str:
    """The XML of some advisories."""
    return "<updates>" + "".join(map(_update, advisories)) + "</updates>"


def make_root(folder: Path, repositories: Iterable[Repository], where: str = "etc/yum.repos.d") -> Path:
    """An empty root whose package manager knows these repositories."""
    for one in ("etc/dnf", where, ".rpmdb", "var/lib", "usr/bin"):
        (folder / one).mkdir(parents=True, exist_ok=True)
    (folder / "var/lib/rpm").symlink_to("../../.rpmdb")  # Debian's rpm keeps its database in HOME
    (folder / "usr/bin/dnf").symlink_to("dnf-3")
    (folder / "etc/dnf/dnf.conf").write_text("[main]\ngpgcheck=0\nplugins=0\n")
    for repository in repositories:
        text = f"[{repository.name}]\nname={repository.name}\nbaseurl=file://{repository.folder}\ntype=rpm-md\ngpgcheck=0\n{repository.lines}\n"
        (folder / where / f"{repository.name}.repo").write_text(text)
    return folder


def install(pool: Path, root: Path, packages: Iterable[Package]) -> None:
    """Put packages into the root's database."""
    files = [str(pool / one.file) for one in packages]
    if files:
        tool(root, "rpm", "-i", "--nodeps", "--noscripts", *files)


def _update(one: Advisory) -> str:
    references = "".join(
        f'<reference href="https://x.example/{cve}" id="{cve}" type="cve" title="{cve}"/>' for cve in one.cves
    )
    restart = "<reboot_suggested>True</reboot_suggested>" if one.restart else ""
    listed = ""
    for package in one.packages:
        epoch, _, rest = package.version.partition(":")
        version, release = rest.split("-")
        listed += (
            f'<package name={quoteattr(package.name)} version="{version}" release="{release}" epoch="{epoch}"'
            f' arch="noarch" src="source-{rest}.src.rpm"><filename>{package.file}</filename>{restart}</package>'
        )
    return (
        f'<update from="x" status="stable" type="{one.kind}" version="1"><id>{one.name}</id><title>x</title>'
        f'<issued date="2026-01-01 00:00:00"/><severity>Important</severity><references>{references}'
        '<reference href="https://x.example/7" id="7" type="bugzilla" title="7"/></references>'
        f'<pkglist><collection short="t"><name>t</name>{listed}</collection></pkglist></update>'
    )
