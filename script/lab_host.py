"""How the lab's second Linux host starts: booted, or where no systemd boots, its SSH server alone."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests.collectors.domain_world import wait
from tests.hosts.booted import Booted

_ALONE = ("unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child", "sh", "-c")
_START = """mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; hostname "$2"; ip link set lo up
exec chroot "$1" /usr/sbin/sshd -D"""


def boot(host: Booted, name: str, stack: ExitStack) -> None:
    """Start it in namespaces of its own; `host.pid` is its first process."""
    try:
        host.boot()
    except AssertionError:
        print("(no systemd boots here: of the second host only its SSH server runs)", flush=True)
        host.pid = _server(host.root, name, stack)


def _server(root: Path, name: str, stack: ExitStack) -> int:
    (root / "run/sshd").mkdir(exist_ok=True)
    command = [*_ALONE, _START, "sh", str(root), name]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait(lambda: children.read_text().split())
    first = int(children.read_text().split()[0])
    wait(lambda: Path(f"/proc/{first}/exe").readlink().name == "sshd")
    return first
