"""Running the server: one uvicorn process with TLS, the front in it."""

import gc
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

import uvicorn

from config.errors import InputError
from server import home as homes
from server.asgi import App, Front
from server.connection import Connection
from server.home import Home

GRACE_SECONDS = 30
SWEEP_SECONDS = 60
BACKLOG = 2048


def bind(host: str, port: int, automatic: bool) -> socket.socket:
    """Open the port to listen on; InputError ``port_taken`` unless another may be taken by itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
    except OSError as error:
        if automatic and port:
            opened.close()
            return bind(host, 0, automatic)
        opened.close()
        hint = "Choose another with --listen HOST:PORT, or let one be found with --port-auto."
        raise InputError("port_taken", f"Cannot listen on {host}:{port}: {error.strerror}.", hint) from error
    return opened


def run(home: Home, listening: socket.socket, ready: Callable[[str], None]) -> None:
    """Serve until a signal to stop; what was taken in is written before it returns.

    Args:
        home: a complete home folder.
        listening: from `bind`.
        ready: called with the server's address once it answers.
    """
    from django.core.asgi import get_asgi_application

    pages = cast(App, get_asgi_application())
    homes.renew_certificate(home, home.certificate_names(), datetime.now(UTC))
    _raise_file_limit()
    config = uvicorn.Config(
        Front(home, pages),
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=str(home.certificate_file),
        ssl_keyfile=str(home.key_file("tls")),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    config.load()
    assert config.ssl is not None
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    _Server(config, lambda: ready(public_url(home, listening))).run(sockets=[listening])


def public_url(home: Home, listening: socket.socket) -> str:
    """Return the address under which agents and people reach the server."""
    return _url(home, *listening.getsockname()[:2])


def configured_url(home: Home) -> str:
    """Return the address that the settings give the server, running or not."""
    settings = home.settings()
    return _url(home, settings.host, settings.port)


def _url(home: Home, host: str, port: int) -> str:
    if home.settings().public_url:
        return home.settings().public_url.rstrip("/")
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = home.certificate_names()[0]
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


class _Server(uvicorn.Server):
    """Says when it is ready, and ends with code 0 when it is told to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            # Else the signal is raised once more, and ends the process by itself.
            self._captured_signals.clear()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What is loaded by now stays for good. Left to the collector, each of its full rounds would stop all
            # requests for a tenth of a second, only to find that again.
            gc.collect()
            gc.freeze()
            self._ready()


def _raise_file_limit() -> None:
    """Allow as many open connections as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
