"""sshd of Debian 11, OpenSSH 8.4: what it takes two names of one setting for, held to the program itself.

Nothing is booted: the program reads files of the test in the release's root, in a mount namespace of its own.
"""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.readers import sshd_config, sshd_text
from collectors.readers.sshd_match import Connection, meets
from tests.collectors.twin import Node, Twin
from tests.hosts.booted import root_of

pytestmark = [pytest.mark.real("unshare", "chroot", "ssh-keygen", root=True)]

VERSION = (8, 4)
ALICE = Connection("alice", "h", "10.0.0.1", "10.0.0.2", 22, ())
NAMES = st.sampled_from(
    ["ChallengeResponseAuthentication"] * 2
    + ["KbdInteractiveAuthentication"] * 2
    + ["SkeyAuthentication", "PasswordAuthentication", "UsePAM"]
)
LINES = st.one_of(
    *[st.builds(lambda name, on: f"{name} {'yes' if on else 'no'}", NAMES, st.booleans())] * 3,
    st.sampled_from(["Match user alice", "Match user bob", "Match all"]),
)
ASK = 'mount --bind "$1" "$2/run" && shift && exec chroot "$@"'
LOOKED_AT = ("kbdinteractiveauthentication", "passwordauthentication", "usepam")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands in for /run: a host key and the folder that sshd wants."""
    if not root_of("bullseye").is_dir():
        pytest.skip("its root is not there; see script/roots --help")
    path = tmp_path_factory.mktemp("run")
    (path / "sshd").mkdir(mode=0o755)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path / "key"], check=True, capture_output=True
    )
    return path


def ask(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    sshd = ["/usr/sbin/sshd", "-T", "-f", "/run/config", "-h", "/run/key", *options]
    argv = ["unshare", "--mount", "sh", "-c", ASK, "sh", str(folder), str(root_of("bullseye")), *sshd]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=6))
def test_two_names_of_one_setting(folder: Path, lines: list[str]) -> None:
    """Equal settings, for everybody and for one connection; refused by one, refused by the other."""
    text = "\n".join([*lines, ""])
    (folder / "config").write_text(text)
    read = sshd_text.read(Twin({sshd_text.CONFIG: Node(content=text.encode())}))
    refused = bool(sshd_config.errors(read, VERSION))
    for told, ours in (
        (ask(folder), sshd_config.effective(read, version=VERSION)),
        (
            ask(folder, "-C", ALICE.specification()),
            sshd_config.effective(read, lambda block: meets(block, ALICE), VERSION),
        ),
    ):
        assert (told.returncode != 0) == refused, told.stderr
        if not refused:
            theirs = sshd_config.settings_of(told.stdout)
            assert {name: theirs[name].value for name in LOOKED_AT} == {
                name: ours[name].value for name in LOOKED_AT
            }
