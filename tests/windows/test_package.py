"""packaging/windows, made with the test's Python in place of python.org's and installed under Wine.

An upgrade, a signed package and a roll-out by group policy or a device management are not held here.
"""

import importlib.util
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agent import exits
from config import __version__
from server.home import Home
from tests.ends.conftest import RealServer, founded_today, serving
from tests.windows import wine

__all__ = ["founded_today"]
MAKE = wine.CHECKOUT / "packaging/windows/make.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("mmdebstrap", "unshare", "wixl", "msiinfo", "msibuild", root=True),
    pytest.mark.xdist_group("wine"),
]


@dataclass
class Package:
    """The installer, the names in the archive, and what happened when it was installed."""

    archive: zipfile.ZipFile
    installer: Path
    said: dict[str, Any]
    server: RealServer


def make() -> ModuleType:
    """packaging/windows/make.py."""
    spec = importlib.util.spec_from_file_location("make", MAKE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def package(founded_today: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    """Made once, installed, asked and removed, with a server that it enrols with."""
    scratch, made = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("made")
    python = made / "python"
    # As python.org's package has it: what script/wine put beside it is for make.py to bring.
    shutil.copytree(
        wine.folder() / "w/cp311", python, ignore=shutil.ignore_patterns("py*com*.dll", "pywintypes*")
    )
    maker = make()
    # The others bring a thousand files, which takes its time.
    vars(maker)["EXTRAS"] = ("agent",)
    assert 0 == maker.main(["--python", str(python), "--out", str(made)])
    installer = made / f"boltseal-{__version__}-win64.msi"
    with serving(founded_today, scratch) as server:
        (scratch / "upper/w").mkdir(parents=True)
        shutil.copy(installer, scratch / "upper/w/boltseal.msi")
        (scratch / "upper/w/string.txt").write_text(server.enrolment_string())
        said = json.loads(wine.python(scratch, "-m", "tests.windows.inside_package"))
        with zipfile.ZipFile(installer.with_suffix(".zip")) as archive:
            yield Package(archive, installer, said, server)


def test_archive(package: Package) -> None:
    """The rooms and the locked packages are in it, no server is, and its Python looks nowhere else."""
    names = set(package.archive.namelist())
    assert {
        f"boltseal/{name}"
        for name in ("python.exe", "boltseal.cmd", "lib/agent/__main__.py", "lib/config/criteria/4.8.toml")
    } <= names
    assert [] == [name for name in names if name.startswith("boltseal/lib/server/") or name.endswith(".pyc")]
    paths = package.archive.read("boltseal/python311._pth").decode().split()
    assert ["python311.zip", ".", "lib", r"lib\win32", r"lib\win32\lib"] == paths
    assert {(2026, 1, 1, 0, 0, 0)} == {entry.date_time for entry in package.archive.infolist()}


def test_installer(package: Package) -> None:
    """Every file of the archive is in it; an upgrade removes the old program before the new one comes."""

    def table(name: str) -> list[list[str]]:
        told = subprocess.run(
            ["msiinfo", "export", package.installer, name], check=True, capture_output=True, text=True
        )
        return [line.split("\t") for line in told.stdout.splitlines()[3:]]

    assert len(package.archive.namelist()) == len(table("File"))
    order = {name: int(at) for name, _, at in table("InstallExecuteSequence")}
    assert order["InstallInitialize"] < order["RemoveService"] < order["RemoveExistingProducts"]
    assert order["RemoveExistingProducts"] < order["InstallFiles"] < order["Enrol"] < order["InstallService"]
    # Deferred, and not as the user who installs: 0x400 and 0x800 of Windows Installer's CustomAction table.
    assert {0xC00} == {int(kind) & 0xC00 for _, kind, *_ in table("CustomAction")}
    assert "ENROLMENT" in dict(row[:2] for row in table("Property"))["SecureCustomProperties"].split(";")


def test_installed(package: Package) -> None:
    """Installed with no question, it is enrolled by a file and its service runs."""
    said = package.said
    assert 0 == said["install"][0], said
    assert [exits.OK, f"boltseal {__version__}"] == said["version"]
    assert json.loads(said["status"][1])["identity"]["url"] == package.server.url
    assert [exits.OK, "running"] == said["service"]


def test_removed(package: Package) -> None:
    """Removed, it leaves its state and nothing else: no file of its program, no service."""
    said = package.said
    assert 0 == said["remove"][0], said
    assert ([], True, True) == (said["left"], said["gone"], said["state"])


def test_other_python(tmp_path: Path) -> None:
    """A Python with another digest is not packed."""
    (tmp_path / "python.zip").write_bytes(b"other")
    with pytest.raises(SystemExit, match="digest"):
        make().main(["--python", str(tmp_path / "python.zip"), "--out", str(tmp_path)])
