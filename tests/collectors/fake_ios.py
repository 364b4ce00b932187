"""A fake network device: asyncssh serves a command line that behaves as Cisco's documentation says IOS does.

It has a prompt, echo, paging until `terminal length 0`, `enable` with a secret, levels, and refuses what it does not
know. It is not IOS: what it prints is built from the vendor's documentation. It writes down each line it is sent.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncssh

PASSWORD = "SeCrEt-login"
ENABLE = "SeCrEt-enable"
Session = Callable[["asyncssh.SSHServerProcess[Any]", "Fake"], Awaitable[None]]


@dataclass
class Fake:
    """What a device says, and what it was told."""

    answers: Mapping[str, str]
    level: int = 15
    enable: str = ENABLE
    pages: bool = True
    keeps_paging: bool = False
    session: Session | None = None
    banner: str = "\nAuthorised people only>\n"
    lines: list[str] = field(default_factory=list)
    port: int = 0
    key: bytes = b""
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    @property
    def prompt(self) -> str:
        """As IOS has it: # above level 1."""
        return "edge1#" if self.level > 1 else "edge1>"


@contextmanager
def served(fake: Fake) -> Iterator[Fake]:
    """The fake on a port of the loopback interface."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        fake.key = key.public_data
        server = await asyncssh.create_server(
            lambda: _Server(fake),
            "127.0.0.1",
            0,
            server_host_keys=[key],
            process_factory=lambda process: _session(process, fake),
            line_editor=fake.session is None,
            line_echo=fake.session is None,
            encoding="utf-8",
            errors="surrogateescape",
        )
        fake.port = server.get_port()
        ready.set()
        await stop.wait()
        server.close()
        for connection in fake.connections:
            connection.abort()
        await asyncio.sleep(0.05)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield fake
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()


class _Server(asyncssh.SSHServer):
    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection: Any = conn
        self._fake.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        # paramiko asks for the service again before each try. OpenSSH and IOS take that, asyncssh ends the session.
        self._connection._next_service = b"ssh-userauth"
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username == "scan" and password == PASSWORD


async def _session(process: asyncssh.SSHServerProcess[Any], fake: Fake) -> None:
    try:
        await (fake.session or _ios)(process, fake)
        process.exit(0)
    except (asyncssh.Error, OSError, EOFError):
        pass


async def _ios(process: asyncssh.SSHServerProcess[Any], fake: Fake) -> None:
    process.stdout.write(fake.banner)
    pages = fake.pages
    while True:
        process.stdout.write(fake.prompt)
        line = (await process.stdin.readline()).rstrip("\n")
        if process.stdin.at_eof() and not line:
            return
        fake.lines.append(line)
        if line == "terminal length 0":
            pages = fake.keeps_paging
        elif line == "enable":
            await _enable(process, fake)
        elif line == "exit":
            return
        elif line and not line.startswith("terminal width"):
            await _print(process, _answer(fake, line), pages)


async def _enable(process: asyncssh.SSHServerProcess[Any], fake: Fake) -> None:
    if fake.level == 15:
        return
    _channel(process).set_echo(False)
    for _ in range(3):
        process.stdout.write("Password: ")
        given = (await process.stdin.readline()).rstrip("\n")
        process.stdout.write("\n")
        if given == fake.enable:
            fake.level = 15
            break
    else:
        process.stdout.write("% Bad secrets\n\n")
    _channel(process).set_echo(True)


def _answer(fake: Fake, line: str) -> str:
    if line == "show privilege":
        return f"Current privilege level is {fake.level}\n"
    if line not in fake.answers or (line == "show running-config" and fake.level < 15):
        return "         ^\n% Invalid input detected at '^' marker.\n\n"
    return fake.answers[line]


async def _print(process: asyncssh.SSHServerProcess[Any], text: str, pages: bool) -> None:
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if pages and at and at % 24 == 0:
            process.stdout.write(" --More-- ")
            _channel(process).set_line_mode(False)
            await process.stdin.read(1)
            _channel(process).set_line_mode(True)
            process.stdout.write("\b" * 10 + " " * 10 + "\b" * 10)
        process.stdout.write(line + "\n")


def _channel(process: asyncssh.SSHServerProcess[Any]) -> Any:
    """The channel with its line editor, which asyncssh's types do not know."""
    return process.channel
