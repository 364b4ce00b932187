"""A real sshd on a free loopback port, with users and keys of its own, for the tests of the SSH door."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from collectors.doors.ssh import Credentials, Ssh, connect

KEYGEN: Final = ("ssh-keygen", "-q", "-N", "")


class User(NamedTuple):
    """A user who is there for one sshd only."""

    password: str = "correct horse"
    shell: str = "/bin/sh"
    name: str = "auditor"


class Sshd:
    """One running sshd. `options` are lines that come first in its configuration.

    With a `user` it sees an /etc of its own, which has one user more; `etc` are further files in there.
    """

    def __init__(
        self,
        options: Sequence[str] = (),
        kind: str = "ed25519",
        user: User | None = None,
        etc: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="boltseal-sshd-"))
        self.folder.chmod(0o755)  # sshd reads the keys as the user
        self.port = _free_port()
        self.options, self.user, self.etc = tuple(options), user, etc or {}
        make_key(self.folder / "host", kind)
        self.key = self.folder / "key"
        make_key(self.key, "ed25519")
        shutil.copy(f"{self.key}.pub", self.folder / "authorized")
        host_key = " ".join((self.folder / "host.pub").read_text().split()[:2])
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {host_key}\n")
        self.server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        config = self.folder / "sshd_config"
        lines = [
            *self.options,
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder}/host",
            "PidFile none",
            f"AuthorizedKeysFile {self.folder}/authorized",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
        ]
        if not any(line.startswith("Subsystem") for line in self.options):
            lines.append("Subsystem sftp /usr/lib/openssh/sftp-server")
        config.write_text("\n".join(lines) + "\n")
        Path("/run/sshd").mkdir(exist_ok=True)
        program = shutil.which("sshd", path="/usr/sbin:/sbin") or "/usr/sbin/sshd"
        with (self.folder / "log").open("wb") as log:
            argv = [program, "-D", "-e", "-f", str(config)]
            if self.user:
                self._own_etc(self.user)
                inside = f'mount --bind "{self.folder}/etc" /etc && exec "$@"'
                argv = ["unshare", "--mount", "sh", "-c", inside, "sh", *argv]
            self.server = subprocess.Popen(argv, stderr=log)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.server:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.folder)

    def _own_etc(self, user: User) -> None:
        etc = self.folder / "etc"
        subprocess.run(["cp", "-a", "/etc", str(etc)], check=True)
        crypt = ["openssl", "passwd", "-6", "-stdin"]
        made = subprocess.run(crypt, input=user.password.encode(), check=True, capture_output=True)
        with (etc / "passwd").open("a") as passwd, (etc / "shadow").open("a") as shadow:
            passwd.write(f"{user.name}:x:54321:54321::/:{user.shell}\n")
            shadow.write(f"{user.name}:{made.stdout.decode().strip()}:20000:0:99999:7:::\n")
        for name, text in self.etc.items():
            (etc / name).write_text(text)
            (etc / name).chmod(0o440)

    def address(self, user: str = "root") -> str:
        """What a scan is given."""
        return f"{user}@127.0.0.1:{self.port}"

    def credentials(self, **changed: object) -> Credentials:
        """What lets in."""
        given = Credentials(key_file=str(self.key), known_hosts=str(self.known_hosts))
        return given._replace(**changed)  # type: ignore[arg-type]

    def door(self, user: str = "root", **changed: object) -> Ssh:
        """An open door."""
        return connect(self.address(user), self.credentials(**changed))


def make_key(path: Path, kind: str) -> None:
    """A key pair without a passphrase."""
    subprocess.run([*KEYGEN, "-t", kind, "-f", str(path)], check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
