"""What `script/demo --lab` looks at: run by lab.py, as root in namespaces of its own ("alone"); ends with its input.

Usage: lab_world.py FOLDER alone|"". Says on standard output what comes up and what is left out, then "ready". FOLDER
then has observe.toml and subjects.json. The parts are those of the tests: a real Samba domain controller, three hosts
in network namespaces, a booted Debian; the device is a fake.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

import lab_host  # noqa: E402
from lab_made_up import CONFIG, SEED  # noqa: E402

from collectors.doors import known_hosts, ssh_sudo  # noqa: E402
from tests.collectors import domain_world, fake_ios, network_hosts, twin_device  # noqa: E402
from tests.collectors.ssh_world import make_key  # noqa: E402
from tests.hosts.booted import Booted, root_of  # noqa: E402

RELEASE, HOST, USER = "bookworm", "linux2", "boltseal"
CABLE = "bslab"
NETS = tuple(f"10.99.{number}" for number in range(7, 27))
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class Lab:
    """The folder, what ends at the end, and the tables so far."""

    def __init__(self, folder: Path, stack: ExitStack, is_alone: bool) -> None:
        self.folder, self.stack, self.is_alone = folder, stack, is_alone
        self.tables: list[dict[str, str | bool]] = []
        self.net = ""

    def observe(self, **table: str | bool) -> None:
        """One more `[[observe]]` table."""
        self.tables.append(table)

    def secret(self, name: str, text: str) -> str:
        """A file that only its owner may read."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return str(path)


# ---- the domain


def domain(lab: Lab) -> None:
    """Samba's domain controller; who looks is an ordinary account that may read the password policies."""
    own = socket.gethostname().lower().partition(".")[0]
    computers = [HOST, "dispatch-01", *([own] if re.fullmatch("[a-z0-9-]{1,15}", own) else [])]
    told = f"PASSWORD = {domain_world.PASSWORD!r}\nCOMPUTERS = {sorted({*computers})!r}\n"
    seed = told + domain_world.DATABASE + SEED
    number = next(number for number in range(1, 200) if _is_free(f"127.{10 + number}.0.1"))
    world = domain_world.domain(lab.folder / "dc", number, seed=seed)
    lab.stack.callback(world.end)
    lab.observe(
        kind="directory", address=f"ldaps://{world.address}", name="corp.test", user="CORP\\scan",
        password_file=lab.secret("domain.password", domain_world.PASSWORD),
        ca=str(world.certificates.authority),
    )  # fmt: skip


def _is_free(address: str) -> bool:
    """Whether no other lab's controller has it: what a world of process 1 asks for."""
    listening = subprocess.run(["ss", "-Hltn", "src", address], check=True, capture_output=True, text=True)
    return not listening.stdout.strip()


# ---- the network


def network(lab: Lab) -> None:
    """Three hosts on a bridge of their own, with one cable to this machine; "old" is on no list of known devices."""
    lab.net, number = _free_net()
    lab.stack.enter_context(network_hosts.network(_made(lab.folder / "network"), lab.net))
    cable = f"{CABLE}{number}"
    network_hosts.plug_in("v-agent", ("ip",), str(os.getpid()), cable, "02:00:00:00:00:02", f"{lab.net}.2")
    known = [f"{lab.net}.1", f"{lab.net}.14"]
    known += [f"{network_hosts.address(host, lab.net)} {network_hosts.mac(host)}" for host in ("web", "wall")]
    made = f"# Known devices, made {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    (lab.folder / "devices.txt").write_text("\n".join([made, *known]) + "\n")
    declared = lab.folder / "network.toml"
    declared.write_text(
        f'owner = "Example Freight"\nranges = ["{lab.net}.0/28"]\nknown = "devices.txt"\n'
        f'allowed = ["{network_hosts.address("wall", lab.net)}:443", "{lab.net}.14:22"]\n'
    )
    lab.observe(kind="network", address=str(declared), name="lab-network")


def _free_net() -> tuple[str, int]:
    """A network that this machine has no way to but its default one, and its number."""
    told = subprocess.run(["ip", "-j", "route", "show", "table", "all"], check=True, capture_output=True)
    routes = [
        ipaddress.ip_network(each["dst"]) for each in json.loads(told.stdout) if each["dst"][0].isdigit()
    ]
    for number, net in enumerate(NETS):
        wanted = ipaddress.ip_network(f"{net}.0/28")
        if not any(route.version == 4 and route.overlaps(wanted) for route in routes):
            return net, number
    raise SystemExit(f"this machine has routes to all of {NETS[0]}.0 to {NETS[-1]}.0")


# ---- the second Linux host


def host(lab: Lab) -> None:
    """A booted Debian; who looks is an ordinary user with sudo for the documented commands alone."""
    booted = Booted(RELEASE, lab.folder / "host", 1)
    lab.stack.callback(booted.end)
    booted.write("/etc/hostname", HOST + "\n")
    booted.write(f"/etc/sudoers.d/{USER}", ssh_sudo.rules(USER))
    lab_host.boot(booted, HOST, lab.stack)
    inside = ("nsenter", "-t", str(booted.pid), "-n", "ip")
    address = f"{lab.net}.14"
    network_hosts.plug_in(f"v-{HOST}", inside, str(booted.pid), "lab0", "02:00:00:00:00:14", address)
    booted.run("useradd", "--create-home", "--shell", "/bin/bash", USER)
    key, authorized = lab.folder / "linux2.key", f"/home/{USER}/.ssh/authorized_keys"
    make_key(key, "ed25519")
    booted.write(authorized, Path(f"{key}.pub").read_text())
    booted.run("chown", "-R", f"{USER}:", f"/home/{USER}")
    public = (booted.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()
    known = lab.folder / "known_hosts"
    known.write_text(f"{address} {public[0]} {public[1]}\n")
    lab.observe(
        kind="ssh", address=f"{USER}@{address}", name=HOST, key=str(key), known_hosts=str(known), sudo=True
    )


# ---- the device


def device(lab: Lab) -> None:
    """A command line that behaves as Cisco documents IOS."""
    answers = twin_device.twin({"config": CONFIG}).answers
    fake = lab.stack.enter_context(fake_ios.served(fake_ios.Fake(answers)))
    lab.observe(
        kind="device", address=f"scan@127.0.0.1:{fake.port}", name="fake-edge1",
        password_file=lab.secret("device.password", fake_ios.PASSWORD),
        host_key=known_hosts.fingerprint(fake.key),
    )  # fmt: skip


# ---- all of it


class Part(NamedTuple):
    """What can be left out, what it takes, and what starts it."""

    title: str
    start: Callable[[Lab], None]
    needs: tuple[str, ...] = ()
    root: Callable[[], Path] | None = None


PARTS = (
    Part("a domain controller (Samba)", domain, ("nsenter", "ss"), domain_world.root),
    Part("a network with three hosts", network, ("ip", "nft", "nmap", "sshd", "openssl", "ssh-keygen")),
    Part("a second Linux host (Debian 12)", host, ("systemd-nspawn", "nsenter"), lambda: root_of(RELEASE)),
    Part("a network device, which is a fake", device),
)


def lacking(part: Part, lab: Lab) -> str:
    """Why a part cannot be, or nothing."""
    if part.start is not device and not lab.is_alone:
        why = "this machine refuses it, as containers do" if os.geteuid() == 0 else "only root can"
        return f"it takes namespaces of its own, and {why}"
    absent = [name for name in part.needs if shutil.which(name, path=PATH) is None]
    if absent:
        return f"missing here: {', '.join(absent)}; script/setup --for lab installs them on Debian or Ubuntu"
    if part.root is not None and not part.root().is_dir():
        return "its files are not there; script/roots makes them where this machine gets Debian"
    if part.start is host and not lab.net:
        return "it would stand in the network that was left out"
    return ""


def toml(tables: list[dict[str, str | bool]]) -> str:
    """The tables as TOML; a text of JSON is one of TOML."""
    written = (
        "[[observe]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
        for table in tables
    )
    return "\n".join(written)


def main() -> None:
    """Start the parts, one after the other: what is tied to its parent is tied to this one thread."""
    os.environ["PATH"] = PATH
    with ExitStack() as stack:
        lab = Lab(Path(sys.argv[1]), stack, sys.argv[2] == "alone")
        if lab.is_alone:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
        for part in PARTS:
            why, began = lacking(part, lab), time.monotonic()
            if why:
                print(f"left out: {part.title}: {why}", flush=True)
                continue
            part.start(lab)
            print(f"{part.title}: up after {time.monotonic() - began:.1f} s", flush=True)
        (lab.folder / "observe.toml").write_text(toml(lab.tables))
        (lab.folder / "subjects.json").write_text(json.dumps([_subject(table) for table in lab.tables]))
        print("ready", flush=True)
        sys.stdin.read()


def _subject(table: dict[str, str | bool]) -> str:
    from config.settings import OBSERVED_KINDS

    return f"{OBSERVED_KINDS[str(table['kind'])]}.{table['name']}"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
