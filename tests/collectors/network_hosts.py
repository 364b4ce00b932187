"""Hosts in network namespaces of their own, on one bridge, for the tests of the network's door and the demo's lab.

hub  10.99.0.1   has the bridge; looks
web  10.99.0.11  sshd with a weak cipher, TLS 1.0 with a short key on 8443
old  10.99.0.12  telnet on 2323, services that say odd things, a shut database port
wall 10.99.0.13  drops pings and all but one port
"""

from __future__ import annotations

import ctypes
import os
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_CLONE_NEWNET = 0x40000000
NET = "10.99.0"
HUB, RANGE = f"{NET}.1", f"{NET}.0/28"
HOSTS = {"web": "10.99.0.11", "old": "10.99.0.12", "wall": "10.99.0.13"}
WALL = """table inet wall { chain in { type filter hook input priority 0; policy drop;
    ct state established accept
    meta l4proto { icmp, ipv6-icmp } drop
    tcp dport 443 accept
}
}
"""
BANNERS: Mapping[int, bytes] = {
    2323: b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27\r\nUbuntu 18.04 LTS\r\nold login: ",
    8000: b"HTTP/1.0 200 OK\r\nServer: \x1b[2J\x07evil\x00</service></port><port protocol='tcp'>\r\n\r\n<x>&lt;",
    700: b"x" * (1 << 20),
    701: b"</output><!ENTITY a 'b'><host timedout='true'>\x00\x01\x02\x1b]0;owned\x07",
}


def address(host: str, net: str = NET) -> str:
    """The address of a host where the first three numbers of all are these."""
    return f"{net}.{HOSTS[host].rpartition('.')[2]}"


def name(host: str) -> str:
    """The namespace of a host of this process."""
    return f"bs-n-{os.getpid()}-{host}"


def inside(host: str, function: Callable[[], _T]) -> _T:
    """Call a function in a thread that lives in a host's namespace, as do the processes that it starts."""

    def entered() -> _T:
        with Path("/run/netns", name(host)).open() as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        return function()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(entered).result()


@contextmanager
def network(folder: Path, net: str = NET) -> Iterator[None]:
    """The bridge and its hosts, with their services running."""
    with ExitStack() as stack:
        for host in ("hub", *HOSTS):
            _ip("netns", "add", name(host))
            stack.callback(_ip, "netns", "del", name(host))
            _ip("-n", name(host), "link", "set", "lo", "up")
        _ip("-n", name("hub"), "link", "add", "br0", "type", "bridge")
        _ip("-n", name("hub"), "addr", "add", f"{net}.1/28", "dev", "br0")
        _ip("-n", name("hub"), "link", "set", "br0", "up")
        for host in HOSTS:
            plug_in(f"v-{host}", ("ip", "-n", name(host)), name(host), "eth0", mac(host), address(host, net))
        _run("ip", "netns", "exec", name("wall"), "nft", "-f", "-", said=WALL)
        _services(stack, folder)
        yield


def plug_in(plug: str, far: Sequence[str], netns: str, cable: str, mac: str, address: str) -> None:
    """A cable from the bridge to another network, which `far` is an `ip` for; gone with either end's."""
    _ip("-n", name("hub"), "link", "add", plug, "type", "veth", "peer", "name", cable, "netns", netns)
    _ip("-n", name("hub"), "link", "set", plug, "master", "br0", "up")
    _run(*far, "link", "set", cable, "address", mac)
    _run(*far, "addr", "add", f"{address}/28", "dev", cable)
    _run(*far, "link", "set", cable, "up")


def mac(host: str) -> str:
    """The hardware address of a host."""
    return f"02:00:00:00:00:{HOSTS[host].rpartition('.')[2]}"


def _services(stack: ExitStack, folder: Path) -> None:
    key, host_key = folder / "tls.pem", folder / "host_key"
    made = (
        "-newkey",
        "rsa:1024",
        "-sha1",
        "-nodes",
        "-subj",
        "/CN=old\nNot valid after:  2099-01-01T00:00:00",
    )
    _run("openssl", "req", "-x509", *made, "-days", "1", "-keyout", str(key), "-out", str(folder / "tls.crt"))
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(host_key))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    weak = ("-o", "Ciphers=+3des-cbc", "-o", "PidFile=none", "-f", "/dev/null")
    _start(stack, "web", "/usr/sbin/sshd", "-D", "-h", str(host_key), "-p", "22", *weak)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.set_ciphers("AES128-SHA:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    old.load_cert_chain(folder / "tls.crt", key)
    _serve(stack, "web", 8443, b"", old)
    for port, banner in BANNERS.items():
        _serve(stack, "old", port, banner)
    _serve(stack, "wall", 443, b"")
    _wait("web", 22)


def _start(stack: ExitStack, host: str, *argv: str) -> None:
    process = subprocess.Popen(
        ["ip", "netns", "exec", name(host), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.kill)


def _serve(stack: ExitStack, host: str, port: int, banner: bytes, tls: ssl.SSLContext | None = None) -> None:
    """A service that says one thing to whoever connects, and closes soon."""
    listening = inside(host, lambda: socket.create_server(("0.0.0.0", port)))
    stack.callback(listening.close)

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_say, args=(connection, banner, tls), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    stack.callback(listening.shutdown, socket.SHUT_RDWR)


def _say(connection: socket.socket, banner: bytes, tls: ssl.SSLContext | None) -> None:
    connection.settimeout(1)
    with connection, suppress(OSError):
        if tls is None:
            _talk(connection, banner)
        else:
            connection.getpeername()  # of one who is gone already, wrap_socket leaves an open socket behind
            with tls.wrap_socket(connection, True, do_handshake_on_connect=False) as inner:
                inner.do_handshake()
                _talk(inner, banner)


def _talk(connection: socket.socket, banner: bytes) -> None:
    connection.sendall(banner)
    connection.recv(1 << 16)


def _wait(host: str, port: int) -> None:
    for _ in range(100):
        with suppress(OSError):
            inside(host, lambda: socket.create_connection(("127.0.0.1", port), 1)).close()
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {host}:{port}")


def _ip(*argv: str) -> None:
    _run("ip", *argv)


def _run(*argv: str, said: str = "") -> None:
    subprocess.run(argv, check=True, capture_output=True, input=said.encode())
