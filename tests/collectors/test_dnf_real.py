"""The dnf reader held to the real dnf: repositories and a root made here, the reader's own commands."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.findings import Json, rfc3339
from collectors.readers import dnf, dnf_locks
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

pytestmark = pytest.mark.real("dnf", "createrepo_c", "modifyrepo_c", "rpmbuild", root=True)

NAMES = ("alpha", "beta", "lib-c", "kernel-core")
VERSIONS = ("0:1.0-1", "0:1.0-10", "0:1.1~rc1-1", "0:1.1-1", "1:0.9-1")
QUIET = ("dnf", "-q", "-C")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every package in every version."""
    folder = tmp_path_factory.mktemp("rpms")
    make_packages(folder, [Package(name, version) for name in NAMES for version in VERSIONS])
    return folder


def world(pool: Path, folder: Path, installed: list[Package], *repositories: Repository) -> Installroot:
    """A root with these packages installed, and the lists of the repositories fetched."""
    for one in repositories:
        publish(pool, folder / "repos" / one.name, one)
    root = make_root(folder / "root", repositories)
    install(pool, root, installed)
    tool(root, "dnf", "-q", "makecache")
    return Installroot(root)


def pending(host: Installroot) -> dict[str, dict[str, Json]]:
    """Our answer by package name."""
    value = dnf.pending_security(host).value
    assert isinstance(value, list)
    return {str(one["name"]): one for one in value if isinstance(one, dict)}


def listed(host: Installroot, *options: str) -> dict[str, set[tuple[str, str]]]:
    """Dnf's own list: package name to (identifier, version)."""
    found: dict[str, set[tuple[str, str]]] = {}
    for line in tool(host.folder, *QUIET, "updateinfo", "list", "--security", *options).splitlines():
        identifier, _, nevra = line.split()
        name, version, release = nevra.removesuffix(".noarch").rsplit("-", 2)
        found.setdefault(name, set()).add((identifier, f"{version}-{release}"))
    return found


VERSION = st.builds("1{}0-{}1".format, st.text("01.9~^aZb+_", max_size=6), st.text("01.~^a", max_size=3))
PACKAGES = st.builds(Package, st.sampled_from(NAMES), st.sampled_from(VERSIONS))
ADVISORIES = st.lists(
    st.tuples(
        st.sampled_from(["security", "security", "bugfix", "enhancement"]),
        st.lists(PACKAGES, min_size=1, max_size=3, unique=True),
        st.sets(st.integers(1, 5), max_size=2),
    ),
    max_size=5,
)


@given(
    installed=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS), min_size=1),
    advisories=ADVISORIES,
    offered=st.lists(PACKAGES, max_size=8, unique=True),
    silent=st.lists(PACKAGES, max_size=3, unique=True),
    excluded=st.sampled_from(["", "alpha", "lib*, beta", "*"]),
)
@settings(
    max_examples=12, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_generated(
    pool: Path,
    tmp_path_factory: pytest.TempPathFactory,
    installed: dict[str, str],
    advisories: list[tuple[str, list[Package], set[int]]],
    offered: list[Package],
    silent: list[Package],
    excluded: str,
) -> None:
    """What dnf lists as security updates is what we report; excludes hide nothing, silence is not "none"."""
    known = [
        Advisory(f"T-{number}", kind, tuple(packages), tuple(f"CVE-2026-{one}" for one in sorted(cves)))
        for number, (kind, packages, cves) in enumerate(advisories)
    ]
    offered = sorted({*offered, *(package for one in known for package in one.packages)})
    folder = tmp_path_factory.mktemp("dnf")
    base, other = Repository("base", offered, known), Repository("base-other", silent)
    host = world(pool, folder, [Package(*one) for one in installed.items()], base, other)
    truth, holes = listed(host), listed(host, "--with-cve")
    upgrades = tool(host.folder, *QUIET, "repoquery", "--upgrades", "--qf", "%{name} %{repoid}")
    with (host.folder / "etc/dnf/dnf.conf").open("a") as file:
        file.write(f"excludepkgs={excluded}\n")
    if not truth and " base-other" in upgrades:
        with pytest.raises(Unseen, match="not_found"):
            dnf.pending_security(host)
    else:
        ours = pending(host)
        assert truth.keys() == ours.keys()
        for name, rows in truth.items():
            one = ours[name]
            assert one["available"] == max((version for _, version in rows), key=rpm_key)
            assert one["installed"] == installed[name].removeprefix("0:")
            assert {*_texts(one["advisories"])} == {row[0] for row in rows | holes.get(name, set())}
            assert one["source_package"] == "source"
        newer = {line.split()[0] for line in upgrades.splitlines() if line}
        assert dnf.pending_other_count(host).value == len(newer - truth.keys())
    every = {package.name for package in (*offered, *silent)}
    assert dnf.foreign(host).value == sorted(installed.keys() - every)
    shutil.rmtree(folder)


def _texts(value: Json) -> Iterator[str]:
    assert isinstance(value, list)
    return (str(one) for one in value)


@given(st.lists(st.tuples(VERSION, VERSION), min_size=300, max_size=300))
@settings(max_examples=2, phases=(Phase.generate,), suppress_health_check=[*HealthCheck])
def test_rpm_versions(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    """Versions are ordered as rpm orders them."""
    script = tmp_path_factory.mktemp("order") / "x.lua"
    script.write_text("".join(f'print(rpm.vercmp("{one}", "{other}") .. "\\n")\n' for one, other in pairs))
    asked = subprocess.check_output(["rpm", "--eval", f'%{{lua:dofile("{script}")}}'], text=True).split()
    assert len(pairs) == len(asked)
    for (one, other), answer in zip(pairs, asked, strict=True):
        left, right = rpm_key(one), rpm_key(other)
        assert int(answer) == (left > right) - (left < right), (one, other)


ALPHA, FIXED = Package("alpha", "0:1.0-1"), Package("alpha", "0:1.1-1")
FIX = Advisory("T-1", "security", (FIXED,), ("CVE-2026-1",))


def test_silence_is_not_none(pool: Path, tmp_path: Path) -> None:
    """Without advisories a newer package may be a fix or not; without a newer package nothing waits."""
    repository = Repository("base", [ALPHA, FIXED])
    host = world(pool, tmp_path, [ALPHA], repository)
    with pytest.raises(Unseen, match="not_found"):
        dnf.pending_security(host)
    assert 1 == dnf.pending_other_count(host).value
    install(pool, host.folder, [])
    tool(host.folder, "rpm", "-e", "--nodeps", "alpha")
    install(pool, host.folder, [FIXED])
    host = Installroot(host.folder)
    assert [] == dnf.pending_security(host).value
    assert 0 == dnf.pending_other_count(host).value


def test_not_fetched(pool: Path, tmp_path: Path) -> None:
    """A repository that was never fetched is no silence, whether dnf fails over it or leaves it out."""
    base, late = Repository("base", [ALPHA], [FIX]), Repository("late", [], [], "skip_if_unavailable=1")
    host = world(pool, tmp_path, [FIXED], base)
    assert [] == dnf.pending_security(host).value
    publish(pool, tmp_path / "repos/late", late)
    make = host.folder / "etc/yum.repos.d/late.repo"
    for line in ("skip_if_unavailable=1", "skip_if_unavailable=0"):
        make.write_text(f"[late]\nname=late\nbaseurl=file://{late.folder}\n{line}\n")
        host = Installroot(host.folder)
        with pytest.raises(Unseen) as raised:
            dnf.pending_security(host)
        assert raised.value.reason in ("not_found", "malformed")
        with pytest.raises(Unseen, match="not_found"):
            dnf.lists_refreshed_at(host)
    make.write_text(f"[late]\nname=late\nbaseurl=file://{late.folder}\nenabled=0\n")
    assert [] == dnf.pending_security(Installroot(host.folder)).value


def test_refreshed_without_a_change(pool: Path, tmp_path: Path) -> None:
    """Dnf leaves the index of an unchanged repository as old as it was; the list is fresh all the same."""
    host = world(pool, tmp_path, [ALPHA], Repository("base", [FIXED], [FIX]))
    old = 1_790_000_000
    for path in host.folder.glob("var/cache/dnf/*/repodata/*"):
        os.utime(path, (old, old))
    assert "2026-09-21T14:13:20Z" == dnf.lists_refreshed_at(Installroot(host.folder)).value
    tool(host.folder, "dnf", "-q", "--setopt=metadata_expire=1", "makecache")
    assert str(dnf.lists_refreshed_at(Installroot(host.folder)).value) >= rfc3339(host.now)


def test_kernels_side_by_side(pool: Path, tmp_path: Path) -> None:
    """Of several installed kernels the newest counts."""
    kernels = [Package("kernel-core", version) for version in VERSIONS]
    fixes = [Advisory("T-1", "security", (kernels[3],)), Advisory("T-2", "security", (kernels[4],))]
    host = world(pool, tmp_path, [kernels[0], kernels[3]], Repository("base", kernels, fixes[:1]))
    assert not listed(host)
    assert not pending(host)
    host = world(pool, tmp_path / "later", [kernels[0], kernels[3]], Repository("base", kernels, fixes))
    assert {"kernel-core": {("T-2", "1:0.9-1")}} == listed(host)
    assert "1.1-1" == pending(host)["kernel-core"]["installed"]


def test_held(pool: Path, tmp_path: Path) -> None:
    """Excludes of the main file and of a repository, and locks, are told; the update still counts."""
    repository = Repository("base", [FIXED], [FIX], "exclude=beta")
    host = world(pool, tmp_path, [ALPHA], repository)
    (host.folder / "etc/dnf/plugins").mkdir()
    (host.folder / "etc/dnf/plugins/versionlock.list").write_text("# x\nalpha-0:1.0-1.*\n")
    (host.folder / "etc/dnf/dnf.conf").write_text("[main]\nplugins=0\nexcludepkgs=alpha lib-c\n")
    assert "" == tool(host.folder, *QUIET, "updateinfo", "list", "--security")  # dnf hides it
    assert {"alpha"} == pending(host).keys()
    assert ["alpha", "alpha-0:1.0-1.*", "beta", "lib-c"] == dnf_locks.held(host).value


def test_next_to_nothing_is_written(pool: Path, tmp_path: Path) -> None:
    """To be asked, dnf adds a few lines to logs of its own and changes nothing else."""
    host = world(pool, tmp_path, [ALPHA], Repository("base", [FIXED], [FIX]))
    pending(Installroot(host.folder))
    before = _files(host.folder)
    pending(Installroot(host.folder))
    dnf.pending_other_count(Installroot(host.folder))
    changed = {path for path, size in _files(host.folder).items() if before.get(path) != size}
    assert changed <= {f"/var/log/{name}.log" for name in ("dnf.librepo", "dnf.rpm", "hawkey")}
    assert before.keys() == _files(host.folder).keys()
    grown = sum(size - before[path] for path, size in _files(host.folder).items())
    assert grown < 4096


def _files(root: Path) -> dict[str, int]:
    """Every file but rpm's own lock, which reading a database takes."""
    return {
        str(path).removeprefix(str(root)): path.stat().st_size
        for path in root.rglob("*")
        if path.is_file() and ".rpmdb" not in path.parts
    }
