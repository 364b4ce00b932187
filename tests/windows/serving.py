"""A real server on Linux for what runs under Wine: the network is the same."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from server.home import Home
from tests.ends.conftest import RealServer
from tests.server.twin import copied


@contextmanager
def serving(founded: Home, scratch: Path) -> Iterator[RealServer]:
    """A running server in a copy of this home below `scratch`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = RealServer(copied(founded, scratch / "home"), port, scratch / "server.log")
    server.start()
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            server.stop(signal.SIGKILL)
