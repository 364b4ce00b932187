"""`boltseal scan --directory`: a real domain controller, through the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.__main__ import entry
from tests.collectors import domain_world
from tests.collectors.domain_world import PASSWORD, World


@pytest.fixture(scope="module")
def dc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running controller of the domain corp.test."""
    world = domain_world.domain(tmp_path_factory.mktemp("dc"), 2)
    yield world
    world.end()


@pytest.mark.slow
@pytest.mark.xdist_group("directories")
@pytest.mark.real("mmdebstrap", "unshare", "nsenter", root=True)
@pytest.mark.parametrize(("trusted", "code"), [(True, 1), (False, 4)])
def test_scan(
    dc: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], trusted: bool, code: int
) -> None:
    """The subject is the domain, with verdicts; without the authority nothing is said, the password least."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    options = ["--directory-user", "CORP\\Administrator", "--directory-password-file", str(secret), "--json"]
    options += ["--directory-ca", str(dc.certificates.authority)] if trusted else []
    got = entry(["scan", "--directory", f"ldaps://{dc.address}", *options, "--state", str(tmp_path / "none")])
    out, err = capsys.readouterr()

    assert got == code, err
    assert ("corp.test" in out and "directory.krbtgt-changed.v1" in out) is trusted
    assert "certificate" in err or trusted
    assert PASSWORD not in out + err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--directory", "http://dc1"], "ldaps://HOST"),
        (["--directory", "ldaps://dc1:port"], "port"),
        (["--directory", "ldaps://dc1", "--directory-user", "a"], "password file"),
        (["--directory-base", "DC=corp"], "goes with --directory"),
        (["--directory", "ldaps://dc1", "--directory-ca", "/nonexistent"], "certificates"),
    ],
)
def test_refused(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be meant is refused before anything is asked."""
    assert entry(["scan", *options]) == 2
    assert words in capsys.readouterr().err
