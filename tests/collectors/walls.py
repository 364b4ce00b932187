"""Two network namespaces with a cable between: a host with listening sockets, and a stranger who knocks.

The stranger has an address that no rule names and one that rules may name. Sockets belong to the namespace in
which they are made, so one process holds them all.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from collectors.door import Command
from tests.collectors.twin import Node, Twin

_T = TypeVar("_T")
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_NEWNET: Final = 0x40000000
HERE: Final = {"ipv4": "11.0.0.1", "ipv6": "2a00:77::1"}
ANYONE: Final = {"ipv4": "11.0.0.9", "ipv6": "2a00:77::9"}
NAMED: Final = {"ipv4": "10.77.0.9", "ipv6": "fd77::9"}
_HOST: Final = ("11.0.0.1/8", "10.77.0.1/16", "2a00:77::1/64", "fd77::1/64")
_PEER: Final = ("11.0.0.9/8", "10.77.0.9/16", "2a00:77::9/64", "fd77::9/64")
_MAC: Final = ("02:00:00:00:00:01", "02:00:00:00:00:09")
TCP: Final = (22, 80, 443, 5432, 8080, 4444)
UDP: Final = (53, 4444)
UNPROVIDED: Final = 4444
Knock = tuple[str, str, int]
"""Protocol, family, port."""
KNOCKS: Final[tuple[Knock, ...]] = tuple(
    (protocol, family, port)
    for protocol, ports in (("tcp", TCP), ("udp", UDP))
    for family in HERE
    for port in ports
)


@dataclass
class Wall:
    """The two namespaces."""

    host: str
    peer: str
    listening: dict[Knock, socket.socket] = field(default_factory=dict)
    port: int = 10_000

    def run(self, *argv: str, text: str = "", check: bool = True) -> str:
        """A command on the host."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.host, *argv], input=text, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, (argv, text, done.stderr)
        return done.stdout

    def works(self, *argv: str, text: str = "") -> bool:
        """Whether a tool takes this, and the kernel has what it needs."""
        argv = ("ip", "netns", "exec", self.host, *argv)
        return subprocess.run(argv, input=text.encode(), capture_output=True, check=False).returncode == 0

    def knock(
        self,
        source: Mapping[str, str],
        which: Collection[Knock],
        patience: float,
        moved: Collection[Knock] = (),
    ) -> set[Knock]:
        """The sockets that are reached, all knocked at at once from an address of the peer.

        Who is answered has reached the socket, though it never hear of it; where ports are `moved`, another one.
        """
        self._drain()
        asked = within(self.peer, lambda: {one: self._call(source[one[1]], one) for one in which})
        callers = {each.getsockname()[1] for each in asked.values()}
        open_: set[Knock] = set()
        ends_at = time.monotonic() + patience
        waiting = {one: each for one, each in asked.items() if one[0] == "tcp"}
        listening = {one: self.listening[one] for one in self.listening if one[0] == "udp"}
        while (waiting or not open_.issuperset(listening)) and (left := ends_at - time.monotonic()) > 0:
            _, connected, _ = select.select([], [*waiting.values()], [], min(left, 0.005))
            for one, each in [*waiting.items()]:
                if each in connected:
                    del waiting[one]
                    if each.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 and one not in moved:
                        open_.add(one)
            for one, each in listening.items():
                with suppress(BlockingIOError):
                    each.recv(10)
                    open_.add(one)
        open_ |= self._drain(callers)
        for each in asked.values():
            each.close()
        return open_

    def _drain(self, callers: Collection[int] = ()) -> set[Knock]:
        """Take what has come, and tell by which sockets; a connection of an earlier wall may come through late."""
        found = set()
        for one, each in self.listening.items():
            with suppress(BlockingIOError):
                while True:
                    if one[0] == "tcp":
                        accepted, sender = each.accept()
                        accepted.close()
                    else:
                        _, sender = each.recvfrom(10)
                    found |= {one} if sender[1] in callers else set()
        return found

    def _call(self, source: str, knock: Knock) -> socket.socket:
        """A call from a port that was not used before: tracked connections are remembered for minutes."""
        protocol, family, port = knock
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        calling = socket.socket(socket.AF_INET if family == "ipv4" else socket.AF_INET6, kind)
        calling.setblocking(False)
        self.port = self.port + 1 if self.port < 64000 else 10_000
        calling.bind((source, self.port))
        with suppress(BlockingIOError, ConnectionRefusedError, OSError):
            calling.connect((HERE[family], port))
            calling.send(b"x")
        return calling

    def seen(self, commands: Mapping[tuple[str, ...], str]) -> Twin:
        """The host as a collector sees it, with these answers of commands."""
        paths = ("fib_trie", "if_inet6", "dev", "ip_tables_names", "ip6_tables_names")
        texts = within(self.host, lambda: {name: _text(f"/proc/thread-self/net/{name}") for name in paths})
        nodes = {f"/proc/net/{name}": Node(content=text.encode()) for name, text in texts.items() if text}
        nodes["/sys/class/net/eth0/device/vendor"] = Node()
        return Twin(nodes, {argv: Command(argv, 0, text.encode(), b"") for argv, text in commands.items()})


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def within(namespace: str, function: Callable[[], _T]) -> _T:
    """Call a function inside a namespace, by this thread."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _enter(there)
        return function()
    finally:
        _enter(before)
        os.close(before)
        os.close(there)


def _enter(handle: int) -> None:
    if _LIBC.setns(handle, _NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno() or errno.EPERM))


@contextmanager
def wall() -> Iterator[Wall]:
    """The namespaces, set up and taken down."""
    made = Wall(f"bs{os.getpid()}h", f"bs{os.getpid()}p")
    ip = [
        f"netns add {made.host}",
        f"netns add {made.peer}",
        f"link add eth0 netns {made.host} address {_MAC[0]} type veth peer name eth0 netns {made.peer}",
        f"-n {made.peer} link set eth0 address {_MAC[1]}",
        *(f"-n {name} link set {link} up" for name in (made.host, made.peer) for link in ("lo", "eth0")),
    ]
    # The addresses' neighbours are known, so that a wall without a hole for their discovery does not hide others.
    for name, own, other, mac in ((made.host, _HOST, _PEER, _MAC[1]), (made.peer, _PEER, _HOST, _MAC[0])):
        ip += [f"-n {name} address add {one} dev eth0" + (" nodad" if ":" in one else "") for one in own]
        ip += [
            f"-n {name} neighbour add {one.split('/')[0]} lladdr {mac} dev eth0 nud permanent"
            for one in other
        ]
    try:
        for line in ip:
            subprocess.run(["ip", *line.split()], check=True, capture_output=True)
        made.listening |= within(made.host, lambda: {one: _listen(one) for one in KNOCKS})
        yield made
    finally:
        for each in made.listening.values():
            each.close()
        for name in (made.host, made.peer):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def _listen(knock: Knock) -> socket.socket:
    protocol, family, port = knock
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    made = socket.socket(socket.AF_INET if family == "ipv4" else socket.AF_INET6, kind)
    if family == "ipv6":
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(("0.0.0.0" if family == "ipv4" else "::", port))
    if protocol == "tcp":
        made.listen(64)
    made.setblocking(False)
    return made
