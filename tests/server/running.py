"""A real server in a process of its own, and a client that speaks to it over TLS."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from server.home import Home
from tests.server.twin import Answer, Twin, new_token

READY_SECONDS = 60


class Running:
    """A server process; `request` has the shape of `InProcess.request`, so that a `Twin` can talk to either."""

    def __init__(self, home: Home, *arguments: str, log: Path) -> None:
        self.home = home
        self.log = log
        command = [sys.executable, "-m", "server", "--home", str(home.folder), "run", *arguments]
        with log.open("ab") as file:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file)
        self.url = self._ready()
        self.context = ssl.create_default_context(cafile=str(home.ca_file))

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("https://").rpartition(":")
        return host, int(port)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPSConnection(*self.address, timeout=60, context=self.context)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            response = connection.getresponse()
            content = response.read()
            got = {name.lower(): value for name, value in response.getheaders()}
            is_json = got.get("content-type") == "application/json"
            return Answer(response.status, json.loads(content) if is_json else content, got)
        finally:
            connection.close()

    def connect(self) -> ssl.SSLSocket:
        """An open connection, for what no client library would send."""
        plain = socket.create_connection(self.address, timeout=60)
        return self.context.wrap_socket(plain, server_hostname=self.address[0])

    def enrol(self, host_id: str) -> Twin:
        """An enrolled host."""
        from datetime import UTC, datetime

        twin = Twin(host_id)
        answer = twin.enrol(self, new_token(self.home, datetime.now(UTC)))
        assert answer.status == 201, answer.body
        return twin

    def stop(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        code = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def _ready(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if b"ready" in line:
                return line.decode().split()[-1]
        raise AssertionError(f"the server did not start:\n{self.log.read_text()}")


@contextmanager
def running(home: Home, *arguments: str) -> Iterator[Running]:
    """A server on a free port of loopback, stopped at the end."""
    listen = () if "--listen" in arguments else ("--listen", "127.0.0.1:0")
    started = Running(home, *listen, *arguments, log=home.folder.parent / "server.log")
    try:
        yield started
    finally:
        started.stop(signal.SIGKILL)
