"""setup.cfg and the lock files agree, and hold what they must and nothing of the machine that made them."""

import re
from configparser import ConfigParser

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import config
from tests.house.tree import ROOT, files, read

EXTRAS = ("agent", "all", "dev", "directory", "mail", "netscan", "server", "ssh")
LOCKS = ("agent", "all", "base", "build", "dev", "directory", "mail", "netscan", "server", "ssh")


def setup_cfg() -> ConfigParser:
    """The packaging file, as setuptools reads it."""
    parsed = ConfigParser()
    parsed.read_string(read("setup.cfg"))
    return parsed


def asked(extra: str) -> list[Requirement]:
    """What setup.cfg asks for in an extra, other extras of ours resolved; `base` is the base install."""
    options = setup_cfg()
    lines = options["options"]["install_requires"].splitlines()
    if extra != "base":
        lines += options["options.extras_require"][extra].splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    for own in [each for each in found if each.name == "boltseal"]:
        found += [each for name in sorted(own.extras) for each in asked(name)]
    return [each for each in found if each.name != "boltseal"]


def locked(name: str) -> dict[str, Version]:
    """Versions in a lock file by package, whatever the marker."""
    pins = re.findall(r"^([a-z0-9.-]+)==([^ ;\\\n]+)", read(f"requirements/{name}.txt"), re.MULTILINE)
    assert pins
    return {canonicalize_name(package): Version(version) for package, version in pins}


def test_version() -> None:
    """It is written in one place."""
    assert "attr: config.__version__" == setup_cfg()["metadata"]["version"]
    assert config.__version__ == str(Version(config.__version__))


def test_base_install() -> None:
    """The auditor's verifier needs cryptography and nothing else."""
    assert ["cryptography"] == [each.name for each in asked("base")]
    assert {"cryptography", "cffi", "pycparser"} == set(locked("base"))


def test_extras() -> None:
    """Each extra has its lock file, and no file is left over."""
    assert set(EXTRAS) == set(setup_cfg()["options.extras_require"])
    assert {f"requirements/{name}.txt" for name in LOCKS} == {
        p for p in files() if p.startswith("requirements/")
    }


@pytest.mark.parametrize("extra", ["base", *EXTRAS])
def test_lock_satisfies(extra: str) -> None:
    """Every requirement of setup.cfg is locked, to a version it allows; if not, run script/lock."""
    pins = locked(extra)
    for each in asked(extra):
        assert each.specifier.contains(pins[canonicalize_name(each.name)], prereleases=True), str(each)


@pytest.mark.parametrize("name", LOCKS)
def test_lock_agrees(name: str) -> None:
    """The smaller files hold the versions that the tests ran with."""
    assert locked(name).items() <= locked("dev").items()


@pytest.mark.parametrize("name", LOCKS)
def test_lock_hashes(name: str) -> None:
    """Every pin carries hashes, and there is no address, option or local file beside the pins."""
    for block in re.sub(r"\\\n", " ", read(f"requirements/{name}.txt")).splitlines():
        if not block.startswith("#"):
            assert re.fullmatch(r"[a-z0-9.-]+==\S+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", block), (
                block
            )


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_lock_pythons(python: str) -> None:
    """On every supported Python the same packages are installed: no marker leaves one out."""
    environment = default_environment() | {"python_version": python, "python_full_version": f"{python}.0"}
    for line in re.findall(r"^[a-z0-9.-]+==[^\\\n]+", read("requirements/dev.txt"), re.MULTILINE):
        marker = Requirement(line).marker
        if marker and "python" in str(marker):
            assert marker.evaluate({k: str(v) for k, v in environment.items()}), line


def test_system_packages() -> None:
    """Each line of the list has a package, a known purpose and a reason."""
    lines = [line for line in read("script/apt-packages.txt").splitlines() if line and line[0] != "#"]
    assert lines
    for line in lines:
        package, purpose, reason = line.split(maxsplit=2)
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package), line
        assert purpose in {"demo", "lab", "test"}, line
        assert len(reason.split()) > 1, line
    names = [line.split()[0] for line in lines]
    assert sorted(set(names)) == sorted(names)


def test_license() -> None:
    """Apache-2.0, in full."""
    assert "Apache-2.0" == setup_cfg()["metadata"]["license"]
    assert "Apache License" in read("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in (ROOT / "LICENSE").read_text()
