"""The updates collector, by its cases in fixtures/updates.toml."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.doors.root import Root
from collectors.readers import apt, apt_conf
from collectors.readers.versions import newer
from tests.collectors.apt_world import Rooted, tool
from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("updates"), ids=str)
def test_updates(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)


STATUS = """\
Package: {name}
Status: {status} ok installed
Architecture: all
Version: {version}
Maintainer: nobody
Description: made up

"""
OFFERED = {
    # archive: (label, suite, packages with versions)
    "main": ("Debian", "stable", ["tinylib 1.0", "tinylib 1.2", "heldlib 1.0", "other 1.5", "current 1.0"]),
    "security": ("Debian-Security", "stable-security", ["tinylib 1.1", "heldlib 1.1", "pinned 2.0~rc1"]),
}
INSTALLED = ["tinylib 1.0", "heldlib 1.0", "pinned 1.0", "other 1.0", "current 1.0", "own 1.0"]


@pytest.fixture
def apt_root(tmp_path: Path) -> Path:
    """A root with APT's folders and two archives, one of them for security, whose lists are not fetched yet."""
    root = tmp_path / "root"
    for folder in (
        "etc/apt/apt.conf.d",
        "etc/apt/preferences.d",
        "var/lib/apt/lists/partial",
        "var/lib/dpkg",
    ):
        (root / folder).mkdir(parents=True)
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    held = {"heldlib": "hold"}
    words = [one.split() for one in ["dpkg 1.21", *INSTALLED]]
    (root / "var/lib/dpkg/status").write_text(
        "".join(STATUS.format(name=n, version=v, status=held.get(n, "install")) for n, v in words)
    )
    lines = []
    for archive_name, (label, suite, offered) in OFFERED.items():
        archive = tmp_path / f"{archive_name}_x~y"  # signs that APT writes otherwise in its lists' names
        archive.mkdir()
        text = "".join(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody\nFilename: ./{name}.deb\n"
            f"Size: 1\nSHA256: {'0' * 64}\nDescription: made up\n\n"
            for name, version in (one.split() for one in offered)
        )
        (archive / "Packages").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        (archive / "Release").write_text(
            f"Origin: Debian\nLabel: {label}\nSuite: {suite}\nDate: Mon, 23 Nov 2026 04:00:00 UTC\n"
            f"SHA256:\n {digest} {len(text)} Packages\n"
        )
        lines.append(f"deb [trusted=yes] file:{archive} ./\n")
    (root / "etc/apt/sources.list").write_text("".join(lines))
    (root / "etc/apt/preferences.d/pin").write_text("Package: pinned\nPin: version *\nPin-Priority: -1\n")
    return root


@pytest.mark.real("apt-cache", "apt-get")
def test_apt(apt_root: Path) -> None:
    """APT's own lists lead to every security fix, those included that `apt-get -s upgrade` does not show."""
    host = Rooted(apt_root)
    with pytest.raises(Unseen, match="not_found"):
        apt.pending_security(host)
    tool(apt_root, "apt-get", "update")
    host = Rooted(apt_root)
    assert apt.pending_security(host).value == [
        {
            "name": "heldlib",
            "source_package": "heldlib",
            "installed": "1.0",
            "available": "1.1",
            "advisories": [],
        },
        {
            "name": "pinned",
            "source_package": "pinned",
            "installed": "1.0",
            "available": "2.0~rc1",
            "advisories": [],
        },
        {
            "name": "tinylib",
            "source_package": "tinylib",
            "installed": "1.0",
            "available": "1.1",
            "advisories": [],
        },
    ]
    assert 1 == apt.pending_other_count(host).value
    assert ["dpkg", "own"] == apt.foreign(host).value
    assert ["heldlib"] == apt.held(host).value


@pytest.mark.real("apt-config")
def test_apt_conf_is_read_as_apt_reads_it(apt_root: Path) -> None:
    """Our reader of apt.conf, for roots, gives what `apt-config dump` gives."""
    (apt_root / "etc/apt/apt.conf.d/50x").write_text(
        '// a comment; "quoted"\nAPT::Periodic::Enable "1"; # another\n'
        'Unattended-Upgrade { Origins-Pattern { "origin=A,label=B"; "o=C"; }; Mail "x@y"; };\n'
        '/* gone "1"; */ APT::Periodic { Update-Package-Lists "1"; Unattended-Upgrade "0"; };\n'
        'Unattended-Upgrade::Package-Blacklist:: "linux-";\nUnattended-Upgrade::Package-Blacklist { "nginx"; };\n'
    )
    (apt_root / "etc/apt/apt.conf.d/60y.conf").write_text(
        'apt::periodic::unattended-upgrade "1";\n#clear Unattended-Upgrade::Mail;\n'
    )
    (apt_root / "etc/apt/apt.conf.d/70z.bak").write_text('APT::Periodic::Enable "0";\n')
    (apt_root / "etc/apt/apt.conf").write_text('Unattended-Upgrade::Origins-Pattern:: "l=D";\n')
    main = apt_root / "main.conf"
    main.write_text(f'Dir "{apt_root}";\n')
    text = subprocess.check_output(
        ["apt-config", "dump"], text=True, env={"APT_CONFIG": str(main), "LC_ALL": "C"}
    )
    asked, read = apt_conf.parse_dump(text), apt_conf.settings(Root(apt_root))
    keys = (
        "APT::Periodic::Enable",
        "APT::Periodic::Update-Package-Lists",
        "APT::Periodic::Unattended-Upgrade",
    )
    for key in (*keys, "Unattended-Upgrade::Mail"):
        assert asked.value(key) == read.value(key), key
    for key in ("Unattended-Upgrade::Origins-Pattern", "Unattended-Upgrade::Package-Blacklist"):
        assert asked.items(key) == read.items(key), key
    assert ["origin=A,label=B", "o=C", "l=D"] == read.items("unattended-upgrade::ORIGINS-pattern")


@pytest.mark.real("dpkg")
@given(st.lists(st.text("01.+~a-:b", min_size=1, max_size=8), min_size=2, max_size=2))
@settings(max_examples=60)
def test_debian_versions(pair: list[str]) -> None:
    """Versions are ordered as dpkg orders them."""
    left, right = (f"1{one}2" for one in pair)
    for operator, answer in (("lt", newer(right, left)), ("gt", newer(left, right))):
        asked = subprocess.run(
            ["dpkg", "--compare-versions", left, operator, right], capture_output=True, check=False
        )
        if b"bad syntax" not in asked.stderr and b"warning" not in asked.stderr:
            assert (asked.returncode == 0) == answer, (left, operator, right)
