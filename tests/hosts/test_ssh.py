"""A booted host looked at over SSH, from the network outside: the same facts as inside it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.scan import Scan
from collectors.doors.ssh import Credentials, Ssh, connect
from tests.hosts.booted import ADDRESSES, Booted
from tests.hosts.questions import scan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("systemd-nspawn", "nsenter", "ip", "ssh-keygen", root=True),
]
RIGHTS = ("audit.",)
"""Who logs in has the container's rights, which keep from asking the kernel for audit rules; `inside` has all."""


@pytest.fixture(scope="module")
def host(prepared: Callable[[], Booted]) -> Booted:
    """A host of its own: the others are for looking only, and this one lets a key in."""
    return prepared()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key pair."""
    path = tmp_path_factory.mktemp("keys") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture(scope="module")
def door(host: Booted, key: Path) -> Iterator[Ssh]:
    """The SSH door of the running host, logged in to from outside, where the host's own key is known."""
    host.write("/root/.ssh/authorized_keys", Path(f"{key}.pub").read_text())
    host.boot()
    known = key.with_name("known_hosts")
    own = host.says("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
    known.write_text(" ".join([ADDRESSES[0], *own]) + "\n")
    given = Credentials(key_file=str(key), known_hosts=str(known))
    opened = host.from_outside(lambda: connect(f"root@{ADDRESSES[0]}", given))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def scans(host: Booted, door: Ssh) -> tuple[Scan, Scan]:
    """The scan over SSH, and the one inside."""
    return scan(door), host.ask(scan)


def test_nothing_raises(scans: tuple[Scan, Scan]) -> None:
    """No collector stumbles, on either way."""
    assert ({}, {}) == (scans[0].errors, scans[1].errors)


def test_same_facts(scans: tuple[Scan, Scan], release: str) -> None:
    """Every fact, and every reason for one that is missing, is what the local door gives inside that host."""
    ours, theirs = ({**one.evidence.missing, **one.evidence.facts} for one in scans)
    print(f"{release}: {len(theirs)} compared")
    assert len(theirs) > 100
    differ = {name: (ours.get(name), value) for name, value in theirs.items() if value != ours.get(name)}
    assert {} == {name: values for name, values in differ.items() if not name.startswith(RIGHTS)}
    assert ours.keys() == theirs.keys()
