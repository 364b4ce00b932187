"""A real domain controller (Samba) and a real OpenLDAP, each in a root of `script/roots --directories`.

Each runs in a mount namespace of its own, on an overlay, at a loopback address of this process, with a
certificate of an authority of its own. What they answer is what the collectors are held to.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collectors.doors.directory import Ldap

CHECKOUT = Path(__file__).parents[2]
PASSWORD = "Adm1n-Passw0rd!"
START_MAX_SECONDS = 40
DATABASE = """
import ldb
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.auth import system_session
lp = LoadParm(); lp.load("/srv/dc/etc/smb.conf")
db = SamDB(url="/srv/dc/private/sam.ldb", session_info=system_session(), lp=lp)
USERS, BASE = "CN=Users,DC=corp,DC=test", "DC=corp,DC=test"
def put(dn, **values):
    message = ldb.Message(ldb.Dn(db, dn))
    for name, value in values.items():
        name = name.replace("_", "-")
        message[name] = ldb.MessageElement([str(v) for v in value] if isinstance(value, list) else str(value),
                                           ldb.FLAG_MOD_REPLACE, name)
    db.modify(message)
"""
"""Python for inside, before the controller runs: its database as `db`, and `put` to change an entry."""
_ENTER = """set -e
mount -t tmpfs -o mode=755 tmpfs "$2"; mkdir "$2/upper" "$2/work"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$3"
mount --bind /dev "$3/dev"; mount -t proc proc "$3/proc"; mount --bind "$4" "$3/mnt"
shift 3; root=$1; shift
"""


def root() -> Path:
    """The folder of the root that both servers are in."""
    told = subprocess.run(
        [CHECKOUT / "script/roots", "--where", "directories"], check=True, capture_output=True, text=True
    )
    return Path(told.stdout.strip())


class World:
    """A root of its own under `folder`, in which commands run."""

    def __init__(self, folder: Path, number: int) -> None:
        assert root().is_dir(), "its root is not there; run script/setup --for test"
        self.folder, self.inside, layers = folder, folder / "root", folder / "layers"
        self.shared = folder / "shared"
        for each in (self.inside, layers, self.shared):
            each.mkdir(parents=True)
        pid = os.getpid()
        self.address = f"127.{10 + number}.{pid >> 8 & 255}.{pid & 255 or 1}"
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "setpriv", "--pdeathsig", "KILL", "sh", "-c", f'{_ENTER}exec sleep infinity',
             "sh", root(), layers, self.inside, self.shared],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.doors: list[Ldap] = []
        self._server: subprocess.Popen[bytes] | None = None
        wait(lambda: self.run("test", "-d", "/proc/1", check=False).returncode == 0)
        self.certificates = Certificates(self.shared, self.address)

    def run(self, *command: str, check: bool = True, text: str = "") -> subprocess.CompletedProcess[str]:
        """A command inside."""
        done = subprocess.run(
            [*self._enter(), *command], input=text, capture_output=True, text=True, timeout=120, check=False
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def start(self, *command: str, port: int = 636) -> None:
        """Start the server, and wait until it listens."""
        with (self.folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._enter(), "unshare", "--pid", "--fork", "--kill-child",
                 *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait(lambda: self.listens(port))

    def end(self) -> None:
        """Stop what was started; the mounts go with it."""
        for door in self.doors:
            door.close()
        for one in (self._server, self._keeper):
            if one is not None:
                one.kill()
                one.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _enter(self) -> list[str]:
        return ["nsenter", "-t", str(self._keeper.pid), "-m", "chroot", str(self.inside)]

    def listens(self, port: int) -> bool:
        """Whether the server is there; it must not have ended."""
        assert self._server is None or self._server.poll() is None, (self.folder / "log").read_text()[-2000:]
        with socket.socket() as one:
            return one.connect_ex((self.address, port)) == 0


class Certificates:
    """An authority and certificates of it: good.pem, old.pem (expired), stranger.pem (another name)."""

    def __init__(self, folder: Path, address: str) -> None:
        self.authority = folder / "ca.pem"
        key, name = ec.generate_private_key(ec.SECP256R1()), _name("test authority")
        self._key, self._issuer = key, name
        made = _builder(name, name, key.public_key(), 30).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.authority.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        for kind, days, host in (("good", 30, address), ("old", -1, address), ("stranger", 30, "127.0.0.1")):
            self._issue(folder, kind, days, host)

    def _issue(self, folder: Path, kind: str, days: int, host: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        named = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host)), x509.DNSName("dc1.corp.test")])
        made = _builder(_name("server"), self._issuer, key.public_key(), days).add_extension(
            named, critical=False
        )
        signed = made.sign(self._key, hashes.SHA256())
        (folder / f"{kind}.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{kind}.key").write_bytes(private)
        (folder / f"{kind}.key").chmod(0o600)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=5)).not_valid_after(now + timedelta(days=days))
    )  # fmt: skip


def wait(ready: object) -> None:
    """Wait until it is true."""
    assert callable(ready)
    deadline = time.monotonic() + START_MAX_SECONDS
    while not ready():
        assert time.monotonic() < deadline, "it did not come up"
        time.sleep(0.05)


def domain(folder: Path, number: int, certificate: str = "good", seed: str = "") -> World:
    """A running domain controller of the domain corp.test, after `seed` ran (Python, see `DATABASE`)."""
    world = World(folder, number)
    settings = Path("/srv/dc/etc/smb.conf")
    kept = [
        line
        for line in world.run("cat", str(settings)).stdout.splitlines()
        if not line.strip().startswith(("server services", "interfaces"))
    ]
    at = kept.index("[global]") + 1
    kept[at:at] = [
        "server services = ldap, cldap, kdc, rpc, s3fs, winbindd", f"interfaces = {world.address}/8",
        "log file = /mnt/log.%m",
        "pid directory = /srv/dc", "ncalrpc dir = /srv/dc/ncalrpc", "winbindd socket directory = /run/samba/winbindd",
        "ntp signd socket directory = /srv/dc/ntp", f"tls keyfile = /mnt/{certificate}.key",
        f"tls certfile = /mnt/{certificate}.pem", "tls cafile = /mnt/ca.pem",
    ]  # fmt: skip
    world.run("tee", str(settings), text="\n".join(kept) + "\n")
    world.run("install", "-d", "/run/samba")  # the one place where smbd asks winbindd for names
    if seed:
        world.run("python3", "-", text=seed)
    world.start("samba", "-i", "-M", "single", "--configfile=/srv/dc/etc/smb.conf")
    wait(lambda: world.listens(445))
    return world
