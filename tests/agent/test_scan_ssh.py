"""`boltseal scan --ssh`: a host's standing from elsewhere, and one clear error for each thing that goes wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import exits, targets
from agent.__main__ import entry
from tests.collectors.ssh_world import Sshd

pytestmark = [
    pytest.mark.real("sshd", "ssh-keygen", root=True),
    pytest.mark.xdist_group("ssh_door"),
]


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    with Sshd() as running:
        yield running


@pytest.fixture
def scan(sshd: Sshd, tmp_path: Path) -> list[str]:
    """The command line of a scan that works."""
    known = str(sshd.known_hosts)
    options = ["--ssh-key", str(sshd.key), "--ssh-known-hosts", known, "--state", str(tmp_path / "none")]
    return ["scan", "--ssh", sshd.address(), *options]


def test_scan(scan: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The host's standing as JSON and as a page; the subject is named after the host."""
    page = tmp_path / "page.html"
    assert entry([*scan, "--json", "--html", str(page)]) in (exits.OK, exits.FAILED)
    told = json.loads(capsys.readouterr().out)
    assert "127-0-0-1" == told["subject"]
    assert "127-0-0-1" in page.read_text()


def test_only(scan: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One criterion, as a table."""
    assert entry([*scan, "--only", "4.8", "--all"]) in (exits.OK, exits.FAILED)
    assert "4.8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "code", "word"),
    [
        ({"--ssh": "127.0.0.1"}, exits.USAGE, "ssh_address_malformed"),
        ({"--ssh": "-oProxyCommand=x@h"}, exits.USAGE, "ssh_address_malformed"),
        ({"--ssh": "root@127.0.0.1:1"}, exits.UNREACHABLE, "ssh_unreachable"),
        ({"--ssh": "root@no-such-host.invalid"}, exits.UNREACHABLE, "ssh_unreachable"),
        ({"--ssh-known-hosts": "/dev/null"}, exits.UNREACHABLE, "ssh_host_key_unknown"),
        ({"--ssh-host-key": "SHA256:" + "A" * 43}, exits.UNREACHABLE, "ssh_host_key_changed"),
        ({"--ssh-key": "/nowhere"}, exits.USAGE, "ssh_secret_unusable"),
        ({"--ssh-key": "/dev/null"}, exits.USAGE, "ssh_secret_unusable"),
    ],
)
def test_refused(
    scan: list[str], changed: dict[str, str], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is one error with a code of its own, before anything is shown."""
    argv = [*scan, *(f"{name}={value}" for name, value in changed.items())]
    assert code == entry(argv)
    told = capsys.readouterr()
    assert "" == told.out
    assert word in told.err
    assert "Traceback" not in told.err
    assert 2 >= len(told.err.strip().splitlines())


def test_another_user(scan: list[str], sshd: Sshd, capsys: pytest.CaptureFixture[str]) -> None:
    """A user who is not let in."""
    assert exits.UNREACHABLE == entry([*scan, "--ssh", sshd.address("nobody-here")])
    assert "ssh_login_refused" in capsys.readouterr().err


def test_platform_nobody_looks_at(
    scan: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host of a kind that no collector knows is an error, not a host without a fault."""
    monkeypatch.setattr(targets, "discover", lambda platform: {})
    assert exits.USAGE == entry(scan)
    assert "platform_unsupported" in capsys.readouterr().err


def test_option_of_another_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that would be without effect is refused."""
    assert exits.USAGE == entry(["scan", "--ssh-sudo"])
    assert "option_without_target" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        entry(["scan", "--root", "/", "--ssh", "a@b"])
