"""One Debian host: an overlay on a root of `script/roots`, booted, rebooted and switched off again.

Its network is its own, with one cable to a namespace that stands for everybody outside.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from collectors.door import Host
from tests.hosts import inside
from tests.hosts.inside import CHECKOUT

P = ParamSpec("P")
T = TypeVar("T")

ADDRESSES, OUTSIDE = ("10.99.0.2", "fd99::2"), ("10.99.0.1", "fd99::1")
BOOT_MAX_SECONDS = 30
BOOT_TRIES = 3
OFF_MAX_SECONDS = 10

_CONNECT = """
import errno, socket, sys
from concurrent.futures import ThreadPoolExecutor

def answer(address):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
        one.settimeout(0.7)
        try:
            one.connect((address, int(sys.argv[1])))
        except TimeoutError:
            return "dropped"
        except OSError:
            return "rejected"
        return "open"

print(*ThreadPoolExecutor().map(answer, sys.argv[2:]))
"""


def root_of(release: str) -> Path:
    """The folder of a release's root."""
    told = subprocess.run(
        [CHECKOUT / "script/roots", "--where", release], check=True, capture_output=True, text=True
    )
    return Path(told.stdout.strip())


class Booted:
    """A host of `release` under `folder`. `pid` is its first process, seen from here, while it runs."""

    def __init__(self, release: str, folder: Path, number: int) -> None:
        self.release = release
        self.root = folder / "root"
        self.pid = 0
        self._name = f"bs{os.getpid()}h{number}"
        self._log = folder / "console"
        self._nspawn: subprocess.Popen[bytes] | None = None
        lower = root_of(release)
        os.utime(lower)  # script/roots removes those of old recipes that nobody boots any more
        layers = folder / "layers"
        for each in (self.root, layers):
            each.mkdir(parents=True)
        # A folder may lie on an overlay itself, and such a one can be no upper layer; a tmpfs always can.
        _do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", layers)
        for each in (layers / "upper", layers / "work"):
            each.mkdir()
        options = f"lowerdir={lower},upperdir={layers / 'upper'},workdir={layers / 'work'}"
        _do("mount", "-t", "overlay", "-o", options, "overlay", self.root)
        self._mounts = [self.root, layers]
        _do("ip", "netns", "add", self._name)

    def boot(self) -> None:
        """Start it, and wait until systemd has started what it starts."""
        for _ in range(BOOT_TRIES):
            if self._is_up():
                self._plug_in()
                return
            # Rarely, on a busy machine, systemd-nspawn starts a first process that never says a word.
            self._kill()
        raise AssertionError(f"{self.release} did not boot:\n{self._log.read_text()[-2000:]}")

    def _is_up(self) -> bool:
        # However the tests end, the host does not outlive them: asked to stop, systemd-nspawn powers it off.
        command = ["setpriv", "--pdeathsig", "TERM", "systemd-nspawn", "-q", "--keep-unit", "--register=no",
                   f"--machine={self._name}", "--private-network",
                   "-D", str(self.root), "-b", "--console=passive"]  # fmt: skip
        with self._log.open("ab") as log:
            self._nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + BOOT_MAX_SECONDS
        while self._nspawn.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
            # Looked up anew each time: the first child of systemd-nspawn only starts the second, and ends.
            self.pid = _child(self._nspawn.pid)
            if self.pid and self.says("systemctl", "is-system-running") in ("running", "degraded"):
                return True
        return False

    def reboot(self) -> None:
        """Switch it off, then boot it anew: /run and the kernel's rules are empty again."""
        assert self._nspawn
        os.kill(self.pid, signal.SIGRTMIN + 4)
        try:
            self._nspawn.wait(OFF_MAX_SECONDS)
        except subprocess.TimeoutExpired:  # a busy host may take its time: pull the plug
            self._kill()
        self.boot()

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command as root inside the running host."""
        enter = ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w"]
        done = subprocess.run(
            [*enter, *command],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "SYSTEMD_COLORS": "0"},
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def says(self, *command: str) -> str:
        """What a command prints, whatever its return code."""
        return self.run(*command, check=False).stdout.strip()

    def ask(self, function: Callable[Concatenate[Host, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function` with the local door of this host, see `inside`."""
        return inside.call(self.pid, function, *args, **kwargs)

    def write(self, path: str, text: str) -> None:
        """A file of the host, running or not."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def answers(self, port: int) -> dict[str, str]:
        """What becomes of a TCP connection from outside, for IPv4 and IPv6: open, rejected or dropped."""
        asked = ["ip", "netns", "exec", self._name, "python3", "-Sc", _CONNECT, str(port), *ADDRESSES]
        told = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60)
        return dict(zip(("ipv4", "ipv6"), told.stdout.split(), strict=True))

    def from_outside(self, function: Callable[[], T]) -> T:
        """What a function gives that is called in the network outside; connections it makes stay there."""
        with ThreadPoolExecutor(1) as thread:  # a thread has a network namespace of its own, and ends with it

            def outside() -> T:
                inside.enter_network(f"/run/netns/{self._name}")
                return function()

            return thread.submit(outside).result()

    def _kill(self) -> None:
        if self._nspawn is None or self._nspawn.poll() is not None:
            return
        first = _child(self._nspawn.pid)
        with suppress(ProcessLookupError):  # it just ended by itself
            os.kill(
                first or self._nspawn.pid, signal.SIGKILL
            )  # the host's first process takes all others along
        self._nspawn.wait(BOOT_MAX_SECONDS)

    def _plug_in(self) -> None:
        """A cable between the host's network, which is new at each boot, and the one outside."""
        _do("ip", "-n", self._name, "link", "add", "out0", "type", "veth", "peer", "name", "host0",
            "netns", str(self.pid))  # fmt: skip
        outside, inside_ = ("ip", "-n", self._name), ("nsenter", "-t", str(self.pid), "-n", "ip")
        for ip, cable, addresses in ((inside_, "host0", ADDRESSES), (outside, "out0", OUTSIDE)):
            for link in ("lo", cable):
                _do(*ip, "link", "set", link, "up")
            _do(*ip, "address", "add", f"{addresses[0]}/24", "dev", cable)
            _do(*ip, "address", "add", f"{addresses[1]}/64", "dev", cable, "nodad")

    def end(self) -> None:
        """Pull the plug, and leave nothing behind."""
        self._kill()
        subprocess.run(["ip", "netns", "delete", self._name], check=False, capture_output=True)
        for mount in self._mounts:
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        shutil.rmtree(self.root.parent, ignore_errors=True)


def _do(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _child(pid: int) -> int:
    """The last child of a process, 0 while there is none."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[-1]) if children else 0
