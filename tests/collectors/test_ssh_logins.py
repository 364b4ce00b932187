"""Logging in over SSH with every kind of credential, through a jump host, and as root through sudo's rule set."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from collectors import audit, audit_macos, time_macos
from collectors.door import Unseen
from collectors.doors import running_macos, ssh_sudo
from collectors.doors.connecting import ConnectError
from collectors.doors.secret_file import SecretError, read_password
from collectors.doors.ssh import Credentials, connect
from collectors.readers import iptables, mapper, nft
from tests.collectors.ssh_world import Sshd, User, make_key
from tests.collectors.test_door_ssh import looked, without_sources
from tests.house.tree import read

pytestmark = [
    pytest.mark.real("sshd", "ssh-keygen", "unshare", "openssl", "sudo", "visudo", root=True),
    pytest.mark.xdist_group("ssh_door"),
]
PASSWORD = User().password
FACTORS = (
    "publickey,keyboard-interactive",
    "publickey,password",
    "keyboard-interactive",
    "password",
    "publickey",
)


def secret(folder: Path, text: str, name: str = "secret") -> str:
    """A file that only its owner may read."""
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def refused(address: str, credentials: Credentials) -> ConnectError:
    """The error that a login ends with."""
    with pytest.raises(ConnectError) as caught:
        connect(address, credentials)
    assert PASSWORD not in str(caught.value) + caught.value.hint
    return caught.value


# --- factors


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Sshd]]:
    """One sshd for each way to ask."""
    running = {
        ways: Sshd(
            [f"AuthenticationMethods {ways}", "UsePAM yes", "KbdInteractiveAuthentication yes"], user=User()
        )
        for ways in FACTORS
    }
    for one in running.values():
        one.__enter__()
    yield running
    for one in running.values():
        one.__exit__(None, None, None)


@pytest.mark.parametrize("ways", FACTORS)
def test_factors(many: dict[str, Sshd], ways: str, tmp_path: Path) -> None:
    """Every factor that is asked for is given; one that is wrong or not there lets nobody in."""
    sshd, wrong = many[ways], secret(tmp_path, "wrong", "wrong")
    password = secret(tmp_path, PASSWORD + "\n")
    both = sshd.credentials(password_file=password)
    host = connect(sshd.address("auditor"), both)
    assert "auditor" == host.run(["id", "-un"]).text.strip()
    host.close()
    make_key(tmp_path / "other", "ed25519")
    lacking = []
    if "publickey" in ways:
        lacking.append(both._replace(key_file=str(tmp_path / "other")))
    if ways != "publickey":
        lacking.append(both._replace(password_file=None))
    if ways == "publickey,keyboard-interactive":
        lacking.append(both._replace(password_file=wrong))
    for one in lacking:
        assert "ssh_login_refused" == refused(sshd.address("auditor"), one).code


CODE_SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEH"


@pytest.mark.real("oathtool")
@pytest.mark.parametrize("asks_password", [False, True])
def test_code(asks_password: bool, tmp_path: Path) -> None:
    """Where sshd demands a key and a code, a person gets in and a scan does not: one error that says why, at once."""
    stack = "auth required pam_unix.so nodelay\n" if asks_password else ""
    stack += "auth required pam_google_authenticator.so user=root no_increment_hotp secret={}/seed\n"
    stack += "account required pam_permit.so\nsession required pam_permit.so\n"
    options = ["AuthenticationMethods publickey,keyboard-interactive", "UsePAM yes"]
    options.append("KbdInteractiveAuthentication yes")
    sshd = Sshd(options, user=User())
    sshd.etc = {"pam.d/sshd": stack.format(sshd.folder)}
    secret(sshd.folder, f'{CODE_SEED}\n" TOTP_AUTH\n', "seed")
    with sshd:
        argv = ["oathtool", "-b", "--totp", CODE_SEED]
        code = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
        answers = [PASSWORD] * asks_password + [code]
        person = paramiko.Transport(("127.0.0.1", sshd.port))
        person.start_client(timeout=10)
        left = person.auth_publickey("auditor", paramiko.PKey.from_path(sshd.key))
        assert ["keyboard-interactive"] == left
        assert [] == person.auth_interactive(
            "auditor", lambda title, text, asked: [answers.pop(0) for _ in asked]
        )
        person.close()
        for password in (None, secret(tmp_path, PASSWORD)):
            started = time.monotonic()
            error = refused(sshd.address("auditor"), sshd.credentials(password_file=password))
            assert ("ssh_login_refused", 5) == (error.code, max(5, time.monotonic() - started))
            assert "keyboard-interactive" in error.message
            assert "code" in error.hint


def test_agent(many: dict[str, Sshd], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a key file the keys of a running ssh-agent are offered."""
    sshd = many["publickey"]
    path = str(tmp_path / "agent")
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL) as agent:
        try:
            while not os.path.exists(path):
                time.sleep(0.01)
            monkeypatch.setenv("SSH_AUTH_SOCK", path)
            given = sshd.credentials(key_file=None)
            assert "ssh_login_refused" == refused(sshd.address(), given).code
            subprocess.run(["ssh-add", "-q", str(sshd.key)], check=True, capture_output=True)
            connect(sshd.address(), given).close()
        finally:
            agent.kill()


def test_key_with_passphrase(many: dict[str, Sshd], tmp_path: Path) -> None:
    """A key that is encrypted is opened with the passphrase of a file."""
    sshd, key = many["publickey"], tmp_path / "key"
    shutil.copy(sshd.key, key)
    key.chmod(0o600)
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-N", PASSWORD, "-f", str(key)], check=True, capture_output=True
    )
    given = sshd.credentials(key_file=str(key))
    connect(sshd.address(), given._replace(passphrase_file=secret(tmp_path, PASSWORD))).close()
    for file in (None, secret(tmp_path, "wrong", "wrong")):
        assert "ssh_secret_unusable" == refused(sshd.address(), given._replace(passphrase_file=file)).code


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_secret_that_others_may_read(tmp_path: Path, mode: int) -> None:
    """Neither a password nor a key is taken out of a file that others may read."""
    path = Path(secret(tmp_path, PASSWORD))
    path.chmod(mode)
    nowhere = Credentials(known_hosts="/dev/null")
    for one in (nowhere._replace(password_file=str(path)), nowhere._replace(key_file=str(path))):
        assert "ssh_secret_unusable" == refused("a@127.0.0.1:1", one).code


@pytest.mark.parametrize("text", ["", "\n", "two\nlines\n", "\udcff", "x" * 70_000, "a\0b"])
def test_password_that_is_none(tmp_path: Path, text: str) -> None:
    """A password is one line of text; what the file holds is never told."""
    path = tmp_path / "secret"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    with pytest.raises(SecretError) as caught:
        read_password(str(path))
    assert not text.strip() or text not in str(caught.value)


# --- jump host


def test_jump(many: dict[str, Sshd], tmp_path: Path) -> None:
    """The host is reached through another one, and both are verified."""
    with Sshd() as target:
        jump = many["publickey"]
        shutil.copy(f"{jump.key}.pub", target.folder / "authorized")
        known = tmp_path / "known"
        known.write_text(jump.known_hosts.read_text() + target.known_hosts.read_text())
        given = jump.credentials(jump=jump.address(), known_hosts=str(known))
        host = connect(target.address(), given)
        assert "root" == host.run(["id", "-un"]).text.strip()
        host.close()
        for file in (jump.known_hosts, target.known_hosts):
            one = given._replace(known_hosts=str(file))
            assert "ssh_host_key_unknown" == refused(target.address(), one).code
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            error = refused(f"root@127.0.0.1:{probe.getsockname()[1]}", given)
        assert "ssh_unreachable" == error.code
        assert "jump host" in error.message


# --- sudo


def test_rules_are_what_collectors_run(tmp_path: Path) -> None:
    """The rule set holds the collectors' commands to the letter, sudo understands it, and the docs show it."""
    wanted = {nft.LIST, mapper.TABLE, audit.STATE, audit.RULES, ("sshd", "-T")}
    wanted |= {*iptables.SAVE.values(), *iptables.LEGACY_SAVE.values()}
    wanted |= {audit_macos.CONDITION, running_macos.OWNERS, time_macos.SWITCH, time_macos.SERVER}
    assert wanted == set(ssh_sudo.COMMANDS)
    for platform in ("linux", "macos"):
        text = ssh_sudo.rules("boltseal", platform)
        (tmp_path / "rules").write_text(text)
        subprocess.run(["visudo", "-c", "-f", str(tmp_path / "rules")], check=True, capture_output=True)
        assert "*" not in text
        assert f"```sudoers\n{text}```\n" in read("docs/sources.md")


def test_sudo() -> None:
    """With the rule set an ordinary user's scan finds what root's finds; without it that is one clear error."""
    user = User()
    with Sshd(user=user, etc={"sudoers.d/boltseal": ssh_sudo.rules(user.name)}) as sshd:
        for _ in range(3):  # other tests log in, and start and end services meanwhile
            hosts = sshd.door(), sshd.door(user.name, sudo=True)
            assert 1 == hosts[1].run(["sudo", "-n", "--", "id"], ok=(1,)).returncode
            roots, ours = map(looked, hosts)
            for host in hosts:
                host.close()
            missed = [name for name, theirs in roots.items() if theirs.missing != ours[name].missing]
            # sshd -T -f is no command of the rule set: the files are read instead.
            other = [
                fact
                for name, theirs in roots.items()
                for fact, value in theirs.facts.items()
                if value != (known := ours[name].facts.get(fact))
                and not (
                    isinstance(value, list)
                    and isinstance(known, list)
                    and without_sources(value) == without_sources(known)
                )
            ]
            if not missed and not other:
                break
        assert not missed
        assert not other
    with Sshd(user=user) as sshd:
        error = refused(sshd.address(user.name), sshd.credentials(sudo=True))
        assert "ssh_host_unusable" == error.code
        assert "sudo" in error.message + error.hint


def test_sudo_server_writes_nothing() -> None:
    """The SFTP server that runs as root refuses to write."""
    user = User()
    with Sshd(user=user, etc={"sudoers.d/boltseal": ssh_sudo.rules(user.name)}) as sshd:
        host = sshd.door(user.name, sudo=True)
        assert "root:" in host.text("/etc/shadow")
        host.close()
        batch = sshd.folder / "batch"
        batch.write_text("rm /etc/shadow\n")
        known = ["-o", f"UserKnownHostsFile={sshd.known_hosts}", "-o", "BatchMode=yes", "-i", str(sshd.key)]
        server = f"sudo -n -- {ssh_sudo.SFTP_SERVERS[0]} -R"
        argv = [
            "sftp",
            "-b",
            str(batch),
            "-s",
            server,
            "-P",
            str(sshd.port),
            *known,
            f"{user.name}@127.0.0.1",
        ]
        done = subprocess.run(argv, check=False, capture_output=True)
        assert 0 != done.returncode
        assert b"ermission denied" in done.stderr
        assert (sshd.folder / "etc/shadow").exists()


def test_without_subsystem() -> None:
    """A host that offers no SFTP is looked at through the server's program; one without either is told so."""
    user = User()
    with Sshd(["Subsystem sftp /bin/false"], user=user) as sshd:
        host = sshd.door(user.name)
        assert host.text("/etc/passwd")
        assert "permission_denied" == _reason(host.read, "/etc/shadow")
        host.close()


def _reason(function: object, *arguments: object) -> str:
    with pytest.raises(Unseen) as caught:
        function(*arguments)  # type: ignore[operator]
    return caught.value.reason
