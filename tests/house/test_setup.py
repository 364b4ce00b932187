"""script/setup on machines that lack things: stand-ins on a PATH of their own, so nothing is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT

NEEDED = "bash cat chmod cut dirname flock grep mkdir mktemp rm rmdir sed sha256sum tail touch tr".split()

# Makes environments that hold a copy of itself, and writes down what pip was asked to install.
PYTHON = """#!/usr/bin/env bash
here="$(dirname "$0")"
case "$*" in
    *python3.%d-venv*) echo python3.11-venv ;;
    *ensurepip*) [ ! -e "$MACHINE/no-ensurepip" ] ;;
    "-m venv "*) mkdir -p "$3/bin"; touch "$3/pyvenv.cfg"; cat "$0" >"$3/bin/python"; cat "$0" >"$3/bin/pip"
                 chmod +x "$3/bin/python" "$3/bin/pip"; echo "venv $3" >>"$MACHINE/log" ;;
    "-m pip "*) [ ! -e "$MACHINE/no-registry" ] || { echo "no route to host" >&2; exit 1; }
                echo "$*" >>"$MACHINE/log" ;;
    --version | -VV) echo "Python 3.11.7" ;;
esac
"""
APT = """#!/usr/bin/env bash
echo "apt-get $*" >>"$MACHINE/log"
[ ! -e "$MACHINE/no-packages" ] || { echo "E: Unable to locate package" >&2; exit 100; }
case "$*" in *python3.*-venv*) rm -f "$MACHINE/no-ensurepip" ;; esac
"""


class Machine:
    """A made-up machine: the commands on its PATH, and what they were asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bin = path / "bin"
        self.venv = path / "venv"
        self.bin.mkdir()
        for name in NEEDED:
            found = shutil.which(name)
            assert found, name
            (self.bin / name).symlink_to(found)
        self.has("python3", PYTHON)
        self.has("apt-get", APT)
        self.has("id", "#!/usr/bin/env bash\necho 0\n")
        self.has_packages("nmap", "openssh-server", "chromium", "nftables")

    def has(self, name: str, text: str) -> None:
        command = self.bin / name
        command.write_text(text.replace("/usr/bin/env bash", str(self.bin / "bash")))
        command.chmod(0o755)

    def has_packages(self, *names: str) -> None:
        """Installed are these, and whatever else the data file asks for when `nmap` is among them."""
        listed = "\n".join(f"installed={name}" for name in names)
        if "nmap" in names:
            asked = (ROOT / "script/apt-packages.txt").read_text().splitlines()
            listed += "\n" + "\n".join(
                f"installed={line.split()[0]}" for line in asked if line and line[0] != "#"
            )
        self.has("dpkg-query", f"#!/usr/bin/env bash\ncat <<E\n{listed}\nE\n")

    def lacks(self, name: str) -> None:
        (self.bin / name).unlink()

    def mark(self, name: str) -> None:
        (self.path / name).touch()

    def setup(self, purpose: str = "demo") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "MACHINE": str(self.path), "BOLTSEAL_VENV": str(self.venv)}
        return subprocess.run(
            [self.bin / "bash", ROOT / "script/setup", "--for", purpose],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def log(self) -> str:
        log = self.path / "log"
        return log.read_text() if log.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One that lacks nothing but the environment."""
    return Machine(tmp_path)


def test_fresh(machine: Machine) -> None:
    """All is installed by hash, build tools first, and the checkout itself last."""
    done = machine.setup()
    assert (0, "") == (done.returncode, done.stderr)
    made, build, locked, own = machine.log.splitlines()
    assert f"venv {machine.venv}" == made
    assert build.endswith("--require-hashes --no-deps -r requirements/build.txt")
    assert locked.endswith("--require-hashes --no-deps -r requirements/all.txt")
    assert own.endswith("--no-deps --editable .")


def test_again(machine: Machine) -> None:
    """A second run finds nothing to do and says nothing; demo needs no more than test has."""
    machine.setup("test")
    log = machine.log
    for purpose in ("test", "lint", "demo"):
        again = machine.setup(purpose)
        assert (0, "", "") == (again.returncode, again.stdout, again.stderr)
    assert log == machine.log


def test_widened(machine: Machine) -> None:
    """After the demo, the tests get what they need beside it, in the same environment."""
    machine.setup("demo")
    assert 0 == machine.setup("test").returncode
    assert 1 == machine.log.count("venv ")
    assert "requirements/dev.txt" in machine.log


def test_other_python(machine: Machine) -> None:
    """A changed interpreter is noticed."""
    machine.setup()
    machine.has("../venv/bin/python", PYTHON.replace("3.11.7", "3.11.8"))
    assert 0 == machine.setup().returncode
    assert 2 == machine.log.count("requirements/all.txt")


def test_interrupted(machine: Machine) -> None:
    """An environment that was left half made is made anew."""
    machine.setup()
    (machine.venv / "bin/pip").unlink()
    (machine.venv / "ready").unlink()
    done = machine.setup()
    assert 0 == done.returncode
    assert "making it anew" in done.stdout
    assert 2 == machine.log.count("venv ")


def test_not_an_environment(machine: Machine) -> None:
    """A folder that is something else is never removed."""
    machine.venv.mkdir()
    (machine.venv / "thesis.tex").touch()
    done = machine.setup()
    assert 1 == done.returncode
    assert "not a virtual environment" in done.stderr
    assert (machine.venv / "thesis.tex").exists()


def test_registry_unreachable(machine: Machine) -> None:
    """The reason is shown, and the next run goes on where this one stopped."""
    machine.mark("no-registry")
    done = machine.setup()
    assert 1 == done.returncode
    assert "no route to host" in done.stderr
    assert "run script/setup again" in done.stderr
    (machine.path / "no-registry").unlink()
    assert 0 == machine.setup().returncode
    assert 1 == machine.log.count("venv ")


def test_no_python(machine: Machine) -> None:
    """Without any Python it says what to install."""
    machine.lacks("python3")
    done = machine.setup()
    assert 1 == done.returncode
    assert "apt-get install python3 python3-venv" in done.stderr


def test_old_python(machine: Machine) -> None:
    """A Python below 3.11 is passed over."""
    machine.has("python3", "#!/usr/bin/env bash\nexit 1\n")
    machine.has("python3.12", PYTHON)
    done = machine.setup()
    assert 0 == done.returncode
    machine.lacks("python3.12")
    shutil.rmtree(machine.venv)
    assert "no Python 3.11 or later" in machine.setup().stderr


def test_no_venv_module_root(machine: Machine) -> None:
    """Where Debian left out the venv module, root gets it, with the reason."""
    machine.mark("no-ensurepip")
    done = machine.setup()
    assert 0 == done.returncode
    assert "python3.11-venv is missing: python3 cannot make a virtual environment without it" in done.stdout
    assert "-o DPkg::Lock::Timeout=600 install -y --no-install-recommends python3.11-venv" in machine.log


def test_no_venv_module_user(machine: Machine) -> None:
    """Others get the one line to run."""
    machine.mark("no-ensurepip")
    machine.has("id", "#!/usr/bin/env bash\necho 1000\n")
    done = machine.setup()
    assert 1 == done.returncode
    assert "run this first, then again: sudo apt-get install python3.11-venv\n" in done.stderr
    assert "" == machine.log


def test_packages_root(machine: Machine) -> None:
    """Root gets the packages of the purpose, each with its reason."""
    machine.has_packages("openssh-server")
    done = machine.setup("demo")
    assert 0 == done.returncode
    assert "nmap is missing: extra" in done.stdout
    assert "install -y --no-install-recommends nmap\n" in machine.log
    assert "chromium" not in machine.log


def test_packages_test(machine: Machine) -> None:
    """The tests get theirs and the demo's."""
    machine.has_packages("openssh-server")
    assert 0 == machine.setup("test").returncode
    (line,) = [line for line in machine.log.splitlines() if " install -y" in line]
    assert {"nmap", "chromium", "nftables"} <= set(line.split())
    assert "openssh-server" not in line


def test_packages_lab(machine: Machine) -> None:
    """The lab gets its own and the demo's, and the environment that has its fake."""
    machine.has_packages()
    assert 0 == machine.setup("lab").returncode
    (line,) = [line for line in machine.log.splitlines() if " install -y" in line]
    assert {"nmap", "openssh-server", "systemd-container"} <= set(line.split())
    assert "chromium" not in line
    assert "requirements/dev.txt" in machine.log


def test_demo_says_what_for(tmp_path: Path) -> None:
    """The demo sets up for what it will show, and hands its arguments on."""
    (tmp_path / "script").mkdir()
    (tmp_path / "venv/bin").mkdir(parents=True)
    shutil.copy(ROOT / "script/demo", tmp_path / "script/demo")
    for path in ("script/setup", "venv/bin/python"):
        (tmp_path / path).write_text('#!/bin/sh\necho "$@"\n')
        (tmp_path / path).chmod(0o755)
    for options, purpose in (("--exit", "demo"), ("--lab --exit", "lab")):
        told = subprocess.run(
            [tmp_path / "script/demo", *options.split()],
            env={"PATH": "/usr/bin:/bin", "BOLTSEAL_VENV": str(tmp_path / "venv")},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert f"--for {purpose}\n{tmp_path}/script/demo.py {options}\n" == told.stdout


@pytest.mark.parametrize(
    ("absent", "why"), [("id", "only root can install"), ("apt-get", "apt-get is not here")]
)
def test_packages_left_out(machine: Machine, absent: str, why: str) -> None:
    """Where they cannot be installed, they are named and the rest goes on."""
    machine.has_packages()
    machine.lacks("apt-get") if absent == "apt-get" else machine.has("id", "#!/usr/bin/env bash\necho 1000\n")
    done = machine.setup("test")
    assert 0 == done.returncode
    assert f"left out, since {why}: nmap openssh-server" in done.stdout
    assert "requirements/dev.txt" in machine.log


@pytest.mark.parametrize(("purpose", "code"), [("demo", 0), ("test", 1)])
def test_packages_fail(machine: Machine, purpose: str, code: int) -> None:
    """The demo goes on without them; root's tests would only skip, so they do not start."""
    machine.has_packages()
    machine.mark("no-packages")
    done = machine.setup(purpose)
    assert code == done.returncode
    assert "Unable to locate package" in done.stderr
    assert "could not install" in done.stdout + done.stderr
