"""The zypper reader held to the real zypper: repositories and a root made here, the reader's own commands."""

import os
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.findings import Json
from collectors.readers import zypper
from collectors.readers.versions import rpm_key
from tests.collectors.rpm_world import (
    Advisory,
    Installroot,
    Package,
    Repository,
    install,
    make_packages,
    make_root,
    publish,
    tool,
)

pytestmark = pytest.mark.real("zypper", "createrepo_c", "modifyrepo_c", "rpmbuild", root=True)

NAMES = ("alpha", "beta", "lib-c3.11")
VERSIONS = ("0:1.0-1", "0:1.0-10", "0:1.1~rc1-1", "0:1.1-1", "1:0.9-1")
QUIET = ("zypper", "--non-interactive", "--no-refresh")
FETCH = ("zypper", "-q", "--no-gpg-checks", "refresh")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every package in every version, and zypper itself."""
    folder = tmp_path_factory.mktemp("rpms")
    make_packages(folder, [Package(name, version) for name in (*NAMES, "zypper") for version in VERSIONS])
    return folder


def world(pool: Path, folder: Path, installed: list[Package], *repositories: Repository) -> Installroot:
    """A root with these packages installed, and the lists of the repositories fetched."""
    for one in repositories:
        publish(pool, folder / "repos" / one.name, one)
    root = make_root(folder / "root", repositories, "etc/zypp/repos.d")
    install(pool, root, installed)
    tool(root, *FETCH)
    return Installroot(root)


def pending(host: Installroot) -> dict[str, dict[str, Json]]:
    """Our answer by package name."""
    value = zypper.pending_security(host).value
    assert isinstance(value, list)
    return {str(one["name"]): one for one in value if isinstance(one, dict)}


def listed(host: Installroot) -> set[str]:
    """The needed security patches by zypper's own list."""
    text = tool(host.folder, *QUIET, "list-patches", "--category", "security")
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    return {row[1] for row in rows if len(row) > 5 and row[2] == "security"}


def upgraded(host: Installroot) -> dict[str, str]:
    """What zypper would upgrade for its security patches: package to version."""
    argv = (*QUIET, "--xmlout", "patch", "--dry-run", "--with-interactive", "--category", "security")
    tree = ET.fromstring(tool(host.folder, *argv, ok=(0, 100, 101, 102, 103)))
    found = tree.iterfind(".//to-upgrade/solvable")
    return {one.get("name", ""): one.get("edition", "") for one in found if one.get("type") == "package"}


PACKAGES = st.builds(Package, st.sampled_from(NAMES), st.sampled_from(VERSIONS))
ADVISORIES = st.lists(
    st.tuples(
        st.sampled_from(["security", "security", "recommended", "optional"]),
        st.lists(PACKAGES, min_size=1, max_size=3, unique_by=lambda one: one.name),
        st.sets(st.integers(1, 5), max_size=2),
        st.booleans(),
    ),
    max_size=5,
)


@given(
    installed=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS), min_size=1),
    advisories=ADVISORIES,
    silent=st.lists(PACKAGES, max_size=2, unique=True),
    locked=st.sampled_from(["", "alpha", "T-1"]),
)
@settings(
    max_examples=16, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_generated(
    pool: Path,
    tmp_path_factory: pytest.TempPathFactory,
    installed: dict[str, str],
    advisories: list[tuple[str, list[Package], set[int], bool]],
    silent: list[Package],
    locked: str,
) -> None:
    """The packages that zypper would upgrade for its security patches are those that we report."""
    known = [
        Advisory(
            f"T-{number}", kind, tuple(packages), tuple(f"CVE-2026-{one}" for one in sorted(cves)), restart
        )
        for number, (kind, packages, cves, restart) in enumerate(advisories)
    ]
    offered = sorted({package for one in known for package in one.packages})
    folder = tmp_path_factory.mktemp("zypper")
    base, other = (
        Repository("base", [*offered, Package("zypper", "0:1.0-1")], known),
        Repository("other", silent),
    )
    host = world(pool, folder, [Package(*one) for one in installed.items()], base, other)
    patches, upgrades = listed(host), upgraded(host)
    updates = tool(host.folder, *QUIET, "--xmlout", "list-updates", "-t", "package")
    if locked:
        tool(host.folder, "zypper", "-q", "addlock", "-t", "patch" if locked == "T-1" else "package", locked)
    if not patches and 'alias="other"' in updates:
        with pytest.raises(Unseen, match="not_found"):
            zypper.pending_security(host)
    else:
        ours = pending(host)
        assert upgrades.keys() == ours.keys()
        told = {str(one) for row in ours.values() for one in _items(row["advisories"])}
        assert patches == {one for one in told if one.startswith("T-")}
        for name, row in ours.items():
            assert row["installed"] == installed[name].removeprefix("0:")
            wanted = [
                (package.version.removeprefix("0:"), one)
                for one in known
                if one.kind == "security"
                for package in one.packages
                if package.name == name and rpm_key(package.version) > rpm_key(installed[name])
            ]
            assert row["available"] == max((version for version, _ in wanted), key=rpm_key)
            assert {*_items(row["advisories"])} == {
                word for _, one in wanted for word in (one.name, *one.cves)
            }
    every = {package.name for package in (*offered, *silent)}
    assert zypper.foreign(host).value == sorted(installed.keys() - every)
    shutil.rmtree(folder)


def _items(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


OLD, FIXED = Package("alpha", "0:1.0-1"), Package("alpha", "0:1.1-1")
FIX = Advisory("T-1", "security", (FIXED,), ("CVE-2026-1",), restart=True)


def test_zypper_waits_for_itself(pool: Path, tmp_path: Path) -> None:
    """While a patch of zypper itself waits, the others stand in another list, and are pending all the same."""
    own = Advisory("T-2", "recommended", (Package("zypper", "0:1.1-1"),), restart=True)
    packages = [FIXED, Package("zypper", "0:1.1-1")]
    host = world(
        pool, tmp_path, [OLD, Package("zypper", "0:1.0-1")], Repository("base", packages, [FIX, own])
    )
    assert {"alpha"} == pending(host).keys()
    assert pending(host)["alpha"]["advisories"] == ["CVE-2026-1", "T-1"]
    assert 1 == zypper.pending_other_count(host).value


def test_never_fetched(pool: Path, tmp_path: Path) -> None:
    """A repository that was never fetched is not fetched by us, and its absence is not "nothing pending"."""
    host = world(pool, tmp_path, [OLD], Repository("base", [FIXED], [FIX]))
    shutil.rmtree(host.folder / "var/cache/zypp")
    for question in (zypper.pending_security, zypper.pending_other_count, zypper.lists_refreshed_at):
        with pytest.raises(Unseen, match="not_found"):
            question(Installroot(host.folder))
    assert not (host.folder / "var/cache/zypp").exists()
    shutil.rmtree(tmp_path / "repos")
    done = tool(host.folder, *zypper.UPDATES, ok=range(256))  # what it would have said
    with pytest.raises(Unseen, match="malformed"):
        zypper.parse(done)


def test_refreshed_without_a_change(pool: Path, tmp_path: Path) -> None:
    """A refresh that finds nothing new makes the list fresh."""
    host = world(pool, tmp_path, [OLD], Repository("base", [FIXED], [FIX]))
    for path in host.folder.glob("var/cache/zypp/raw/*/repodata/*"):
        os.utime(path, (1_790_000_000, 1_790_000_000))
    assert "2026-09-21T14:13:20Z" == zypper.lists_refreshed_at(host).value
    tool(host.folder, *FETCH)
    assert "2026-09-21T14:13:20Z" != zypper.lists_refreshed_at(host).value


def test_nothing_is_written(pool: Path, tmp_path: Path) -> None:
    """To be asked, zypper writes nothing: no log, no lock."""
    host = world(pool, tmp_path, [OLD], Repository("base", [FIXED], [FIX]))
    shutil.rmtree(host.folder / "run", ignore_errors=True)
    before = _files(host.folder)
    pending(host)
    assert before == _files(host.folder)


def _files(root: Path) -> dict[str, tuple[int, float]]:
    """Every file but rpm's own lock, which reading a database takes."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime)
        for path in root.rglob("*")
        if path.is_file() and ".rpmdb" not in path.parts
    }
