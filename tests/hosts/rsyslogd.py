"""The real rsyslogd of a root, on one configuration after another: where it takes the messages of logins.

    python -m tests.hosts.rsyslogd ROOT <folders     in a mount and a network namespace of its own

Each folder holds the files of one case and lies over the root. Nothing of the machine is seen or changed.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from collectors.readers.rsyslog_message import MESSAGES
from tests.hosts.inside import CHECKOUT

ADDRESSES = tuple(f"192.0.2.{number}" for number in range(1, 7))
PORTS = (514, 6514)
READY = ("127.0.0.1", 5999)
# The first statement of a case: it tells that the messages have come in, and is no other host.
HEAD = f'module(load="imuxsock")\naction(type="omfwd" target="{READY[0]}" port="{READY[1]}")\n'
HOSTNAME = "web1"
_TOKENS = tuple(f"pam_unix({program}:session): {MESSAGES[program]}".encode() for program in MESSAGES)
_LINES = tuple(f"<86>Nov 24 12:00:00 {program}[4711]:".encode() for program in MESSAGES)
_SECONDS = 2.0


def ask(root: Path, folders: Sequence[Path]) -> list[dict[str, list[str]]]:
    """For each case where all messages were `sent` (`host:port/protocol`), and the `files` that hold them."""
    told = subprocess.run(
        ["unshare", "--mount", "--net", "--uts", sys.executable, "-m", "tests.hosts.rsyslogd", root],
        input=json.dumps([str(one) for one in folders]),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    answer: list[dict[str, list[str]]] = json.loads(told.stdout)
    return answer


class _Listeners:
    """Every address and port that a case may send to, both protocols."""

    def __init__(self) -> None:
        self.udp: dict[socket.socket, str] = {}
        self.tcp: dict[socket.socket, str] = {}
        for address in ADDRESSES:
            for port in PORTS:
                self.udp[_bound(socket.SOCK_DGRAM, (address, port))] = f"{address}:{port}/udp"
                self.tcp[_bound(socket.SOCK_STREAM, (address, port))] = f"{address}:{port}/tcp"
        self.ready = _bound(socket.SOCK_DGRAM, READY)

    def heard(self) -> list[str]:
        """Who has got all messages since the last time."""
        found = {name for one, name in self.udp.items() if _all_in(_datagrams(one))}
        for one, name in self.tcp.items():
            text = b""
            while select.select([one], [], [], 0)[0]:
                with one.accept()[0] as stream:
                    stream.settimeout(_SECONDS)
                    while piece := stream.recv(65536):
                        text += piece
            found |= {name} if _all_in(text) else set()
        return sorted(found)


def _all_in(text: bytes) -> bool:
    return all(token in text for token in _TOKENS)


def _bound(kind: socket.SocketKind, address: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind(address)
    if kind == socket.SOCK_STREAM:
        made.listen(8)
    return made


def _datagrams(one: socket.socket) -> bytes:
    found = b""
    while select.select([one], [], [], 0)[0]:
        found += one.recv(65536)
    return found


def _case(root: str, folder: str, listeners: _Listeners) -> dict[str, list[str]]:
    for name in ("upper", "work", "merged"):
        Path("/mnt", name).mkdir()
    layers = f"lowerdir={folder}:{root},upperdir=/mnt/upper,workdir=/mnt/work"
    _do("mount", "-t", "overlay", "-o", layers, "overlay", "/mnt/merged")
    _do("mount", "-t", "tmpfs", "tmpfs", "/mnt/merged/dev")
    for name, minor in (("null", 3), ("urandom", 9)):
        os.mknod(f"/mnt/merged/dev/{name}", 0o020666, os.makedev(1, minor))
    try:
        _daemon(listeners.ready)
        logs = [Path(at, name) for at, _, names in os.walk("/mnt/merged/var/log") for name in names]
        files = {str(one)[len("/mnt/merged") :]: one.read_bytes() for one in logs}
        kept = sorted(files) if _all_in(b"".join(files.values())) else []
        return {"sent": listeners.heard(), "files": kept}
    finally:
        for mount in ("/mnt/merged/dev", "/mnt/merged"):
            _do("umount", mount)
        for name in ("upper", "work", "merged"):
            shutil.rmtree(f"/mnt/{name}")


def _daemon(ready: socket.socket) -> None:
    """Start it, send the messages, wait until they have come in, and let it finish."""
    argv = ["setpriv", "--pdeathsig", "KILL", "chroot", "/mnt/merged", "rsyslogd", "-n", "-iNONE"]
    with open("/mnt/said", "wb") as said:
        daemon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        # A case whose default ruleset is another never tells: the messages had their time.
        deadline = time.monotonic() + _SECONDS
        sent, told = False, b""
        while daemon.poll() is None and time.monotonic() < deadline:
            if not sent:
                with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
                    log.connect("/mnt/merged/dev/log")
                    for head, token in zip(_LINES, _TOKENS, strict=True):
                        log.send(head + b" " + token)
                    sent = True
            told += _datagrams(ready)
            if _all_in(told):
                break
            time.sleep(0.01)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(3 * _SECONDS)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _main(root: str) -> None:
    _do("mount", "-t", "tmpfs", "tmpfs", "/mnt")
    socket.sethostname(HOSTNAME)
    _do("ip", "link", "set", "lo", "up")
    for address in ADDRESSES:
        _do("ip", "address", "add", f"{address}/32", "dev", "lo")
    listeners = _Listeners()
    print(json.dumps([_case(root, folder, listeners) for folder in json.load(sys.stdin)]))


if __name__ == "__main__":
    _main(sys.argv[1])
