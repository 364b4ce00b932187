"""The APT reader held to the real APT: archives and a root made here, the reader's own commands."""

import itertools
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.findings import Json
from collectors.readers import apt
from collectors.readers.versions import debian_key, newer
from tests.collectors.apt_world import Archive, Package, Rooted, make_root, matching, simulated, upgradable

pytestmark = pytest.mark.real("apt", "apt-cache", "apt-get")

NAMES = ("tinylib", "lib-x+", "other", "y.z")
VERSIONS = ("1.0", "1.0-1", "1.0-1+deb12u1", "1.1~rc1", "1.1", "1:0.9", "2.0+b1")
RELEASES = {
    "main": "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: bookworm\n",
    "security_x~y": "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\nCodename: bookworm-security\n",
    "updates": "Origin: Debian\nLabel: Debian\nSuite: stable-updates\nCodename: bookworm-updates\n",
    "acme": "Origin: Acme\nLabel: Acme\nSuite: now\n",
}
PINS = (
    "",
    "Package: tinylib\nPin: version *\nPin-Priority: -1\n",
    "Package: *\nPin: release l=Debian-Security\nPin-Priority: -1\n",
    "Package: *\nPin: release l=Debian-Security\nPin-Priority: 90\n",
    "Package: *\nPin: release o=Acme\nPin-Priority: 1001\n",
    "Package: *\nPin: release a=stable\nPin-Priority: 900\n",
)
NOWHERE = "?narrow(?installed, ?not(?origin(.)))"
"""As apt-patterns(7) has it: the installed version lies in no archive (each archive here tells its origin)."""
OFFERED = st.lists(
    st.builds(
        Package, st.sampled_from(NAMES), st.sampled_from(VERSIONS), st.sampled_from(["all", "amd64", "i386"])
    ),
    max_size=6,
    unique_by=lambda one: (one.name, one.architecture),
)
INSTALLED = st.lists(
    st.tuples(
        st.builds(
            Package,
            st.sampled_from(NAMES),
            st.sampled_from(VERSIONS),
            st.sampled_from(["all", "amd64", "amd64", "i386"]),
            st.sampled_from(["", "src", "src (0.9)"]),
        ),
        st.sampled_from(["install", "install", "hold"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0].name,
)


@given(
    installed=INSTALLED,
    main=OFFERED,
    security=OFFERED,
    updates=OFFERED,
    acme=OFFERED,
    pins=st.sampled_from(PINS),
)
@settings(
    max_examples=30, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_generated(
    tmp_path_factory: pytest.TempPathFactory,
    installed: list[tuple[Package, str]],
    main: list[Package],
    security: list[Package],
    updates: list[Package],
    acme: list[Package],
    pins: str,
) -> None:
    """Whatever APT would take from the security archive we report, and what it hides behind holds and pins too."""
    offered = [tuple(one) for one in (main, security, updates, acme)]
    archives = [
        Archive(name, release, packages)
        for (name, release), packages in zip(RELEASES.items(), offered, strict=True)
    ]
    folder = tmp_path_factory.mktemp("apt")
    root = make_root(folder, [(Package("dpkg", "1.21", "amd64"), "install"), *installed], archives, pins)
    ours = {str(row["name"]): row for row in _records(apt.pending_security(Rooted(root)).value)}
    for command in ("upgrade", "dist-upgrade"):
        for name, (version, origins) in simulated(root, command).items():
            if "Debian-Security" in origins:
                assert not newer(version, str(ours[name]["available"])), name
    expected = {}
    for one, _ in installed:
        fixes = [
            other.version
            for other in security
            if other.name == one.name and other.version != one.version and newer(other.version, one.version)
            if (other.architecture == "i386")
            == (one.architecture == "i386")  # "all" counts as the machine's own
        ]
        if fixes:
            name = f"{one.name}:i386" if one.architecture == "i386" else one.name
            expected[name] = (
                one.version,
                max(fixes, key=debian_key),
                one.source.partition(" ")[0] or one.name,
            )
    rows = {name: (row["installed"], row["available"], row["source_package"]) for name, row in ours.items()}
    assert expected == rows
    assert len(upgradable(root) - ours.keys()) == apt.pending_other_count(Rooted(root)).value
    foreign = apt.foreign(Rooted(root)).value
    assert isinstance(foreign, list)
    told = {str(name) for name in foreign}
    assert matching(root, "?obsolete") <= told <= matching(root, NOWHERE)
    for name in (
        matching(root, NOWHERE) - told
    ):  # the same or a newer one is offered: this may be what it followed
        version = next(one.version for one, _ in installed if one.name == name.removesuffix(":i386"))
        offers = [one.version for one in itertools.chain(*offered) if one.name == name.removesuffix(":i386")]
        assert any(not newer(version, other) for other in offers), name
    shutil.rmtree(folder)


def _records(value: Json) -> list[dict[str, Json]]:
    assert isinstance(value, list)
    return [one for one in value if isinstance(one, dict)]


DEBIAN, UBUNTU = "ID=debian\nVERSION_CODENAME=bookworm\n", "ID=ubuntu\nVERSION_CODENAME=jammy\n"
OWN = RELEASES["security_x~y"]


@pytest.mark.parametrize(
    ("os_release", "release", "known"),
    [
        (DEBIAN, OWN, True),
        (DEBIAN, OWN.replace("bookworm", "bullseye"), False),
        (DEBIAN.replace("bookworm", "buster"), OWN.replace("bookworm-security", "buster"), True),
        (DEBIAN, "Origin: Acme\nLabel: Acme\nSuite: acme-security\nCodename: bookworm-security\n", False),
        (UBUNTU, "Origin: Ubuntu\nLabel: Ubuntu\nSuite: jammy-security\nCodename: jammy\n", True),
        (UBUNTU, "Origin: Ubuntu\nLabel: Ubuntu\nSuite: focal-security\nCodename: focal\n", False),
        (
            UBUNTU,
            "Origin: UbuntuESM\nLabel: UbuntuESM\nSuite: jammy-infra-security\nCodename: jammy\n",
            False,
        ),
        ("ID=raspbian\nVERSION_CODENAME=bookworm\n", OWN, True),
        ("ID=raspbian\n", "Origin: Raspbian\nLabel: Raspbian\nSuite: stable\nCodename: bookworm\n", False),
    ],
)
def test_whose_security_archive(tmp_path: Path, os_release: str, release: str, known: bool) -> None:
    """Only the security archive of this very release shows that nothing waits."""
    old = Package("tinylib", "1.0")
    archive = Archive("other", release, (Package("tinylib", "1.1"),))
    root = make_root(tmp_path, [(Package("dpkg", "1.21", "amd64"), "install"), (old, "install")], [archive])
    (root / "etc/os-release").write_text(os_release)
    if known:
        assert 1 == len(_records(apt.pending_security(Rooted(root)).value))
    else:
        with pytest.raises(Unseen, match="not_found"):
            apt.pending_security(Rooted(root))
