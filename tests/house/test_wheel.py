"""The wheel, built from the sdist and installed hash-locked into clean environments, away from the checkout.

In a flat layout the checkout can be imported, which hides what the wheel lacks: so nothing runs from here.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, files

# One process makes each environment once; two would make them all twice.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

LOCKS = ROOT / "requirements"

EXTRAS = ("base", "agent", "server", "ssh", "netscan", "directory", "mail", "all")
# Design and README: the exit code of a command whose extra is not installed.
EXTRA_MISSING = 3

_run = partial(subprocess.run, capture_output=True, text=True, timeout=240, check=False)

Install = Callable[[str], "Installed"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tree: what an earlier build left in the checkout would get into the wheel."""
    copy = tmp_path_factory.mktemp("source")
    for path in files():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, copy / path)
    built = _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist", "."], cwd=copy)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = (copy / "dist").glob("boltseal-*-py3-none-any.whl")
    return found


class Installed:
    """The wheel with one extra in an environment of its own, and an empty folder to stand in."""

    def __init__(self, extra: str, wheel: Path, folder: Path) -> None:
        self.bin = folder / "venv/bin"
        self.empty = folder / "empty"
        self.empty.mkdir()
        _uv("venv", "--python", sys.executable, folder / "venv")
        into = ("pip", "install", "--python", self.bin / "python")
        # Build tools are locked too: netscan's one package comes as source only.
        _uv(
            *into,
            "--require-hashes",
            "--build-constraints",
            LOCKS / "build.txt",
            "-r",
            LOCKS / f"{extra}.txt",
        )
        # With no index at hand this passes only if the lock file covers what the wheel's metadata asks for.
        asked = "boltseal" if extra == "base" else f"boltseal[{extra}]"
        _uv(*into, "--no-index", f"{asked} @ {wheel.as_uri()}")

    def __call__(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands, in the empty folder and with nothing of ours in the environment."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.empty), "LC_ALL": "C.UTF-8"}
        return _run([self.bin / command, *arguments], cwd=self.empty, env=environment)


def _uv(*arguments: str | Path) -> None:
    done = _run([Path(sys.executable).with_name("uv"), "--no-config", "--quiet", *arguments])
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Gives the wheel with an extra, installed when first asked for."""
    return cache(lambda extra: Installed(extra, wheel, tmp_path_factory.mktemp(extra)))


def test_contents(wheel: Path) -> None:
    """It holds the four rooms with all their data, and nothing beside them."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {*ROOMS, "boltseal-0.1.0.dist-info"} == {name.split("/")[0] for name in names}
    wanted = {path for path in files() if path.split("/")[0] in ROOMS and not path.endswith("README.md")}
    assert set() == wanted - names
    assert "boltseal-0.1.0.dist-info/licenses/LICENSE" in names


@pytest.mark.parametrize("extra", EXTRAS)
def test_help(install: Install, extra: str) -> None:
    """Whatever the extra, the commands can be asked what they do, and say nothing on standard error."""
    installed = install(extra)
    for asked in (["boltseal", "--help"], ["boltseal", "verify", "--help"], ["boltseal-server", "--help"]):
        answer = installed(*asked)
        assert (0, "") == (answer.returncode, answer.stderr), asked
        assert "usage: " + asked[0] in answer.stdout


@pytest.mark.parametrize("extra", ["base", "server", "ssh", "netscan"])
def test_agent_missing(install: Install, extra: str) -> None:
    """Without the agent's extra, a scan ends with one sentence that names it."""
    _one_sentence(install(extra)("boltseal", "scan"), "boltseal[agent]")


@pytest.mark.parametrize("extra", ["base", "agent", "ssh", "netscan"])
def test_server_missing(install: Install, extra: str) -> None:
    """Without the server's extra, each of its commands ends with one sentence that names it."""
    _one_sentence(install(extra)("boltseal-server", "check"), "boltseal[server]")


def _one_sentence(answer: subprocess.CompletedProcess[str], named: str) -> None:
    assert EXTRA_MISSING == answer.returncode, answer.stderr
    assert "" == answer.stdout
    assert named in answer.stderr
    assert 1 == len(answer.stderr.splitlines())


@pytest.mark.parametrize(
    ("extra", "rooms"),
    [
        ("base", ("config",)),
        ("agent", ("config", "collectors", "agent")),
        ("all", ("config", "collectors", "agent")),
    ],
)
def test_imports(install: Install, extra: str, rooms: tuple[str, ...]) -> None:
    """Every module of these rooms can be imported with this extra alone."""
    source = (
        "import importlib, pkgutil, sys\n"
        "for room in sys.argv[1:]:\n"
        "    package = importlib.import_module(room)\n"
        "    for module in pkgutil.walk_packages(package.__path__, room + '.'):\n"
        "        importlib.import_module(module.name)\n"
    )
    done = install(extra)("python", "-c", source, *rooms)
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("extra", "module"), [("ssh", "paramiko"), ("netscan", "nmap"), ("server", "django")]
)
def test_extra(install: Install, extra: str, module: str) -> None:
    """The extra brings what it is for, and the base install does not have it."""
    assert 0 == install(extra)("python", "-c", f"import {module}").returncode
    assert 1 == install("base")("python", "-c", f"import {module}").returncode
