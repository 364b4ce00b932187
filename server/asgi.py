"""The front: every request comes in here. Bare routes are answered by `ingest`, the rest by Django.

This is where the server's one guard stands: whatever a request meets that nobody foresaw becomes an answer with the
code ``internal`` and a line in the log, and the next request is served.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from config.errors import InputError
from config.settings import BODY_DEADLINE_SECONDS
from server import answers, body, database, ingest, ledger
from server.body import DisconnectedError, Receive, Scope, Send
from server.home import Home
from server.ingest import Answer, Desk
from server.sweeping import Sweeper
from server.writer import Writer

App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Route: TypeAlias = Callable[[Scope, Receive, Desk], Awaitable[Answer]]

LOGGER = logging.getLogger("boltseal.server")

ROUTES: dict[str, tuple[str, Route]] = {
    "/api/v1/reports": ("POST", ingest.report),
    "/api/v1/enrolments": ("POST", ingest.enrol),
    "/api/v1/ca.pem": ("GET", ingest.ca),
    "/api/v1/checkpoint": ("GET", ingest.checkpoint),
    "/checkpoint": ("GET", ingest.checkpoint),
}


class Front:
    """The ASGI application of one home folder; `pages` is Django's, or any other for what is not a bare route."""

    def __init__(
        self, home: Home, pages: App, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._pages = pages
        self._clock = clock
        self._names = frozenset(name.lower() for name in home.certificate_names()) | home.public_names()
        self._desk: Desk | None = None

    @property
    def desk(self) -> Desk:
        """What the routes work with, while the server runs."""
        assert self._desk is not None
        return self._desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's start and stop."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._guarded(scope, receive, send)

    async def start(self) -> None:
        """Open the database and start the writer."""
        writer = Writer(self._home.database, ledger.hand(self._home), self._clock)
        sweeper = Sweeper(writer, self._clock)
        self._desk = Desk(self._home, database.connect(self._home.database), writer, sweeper, self._clock)
        sweeper.nudge()

    async def stop(self) -> None:
        """Write what waits and close the database."""
        if self._desk is not None:
            await self._desk.sweeper.stop()
            await self._desk.writer.stop()
            self._desk.connection.close()
            self._desk = None

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def sending(message: Any) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._serve(scope, receive, sending)
        except DisconnectedError:
            return
        except InputError as error:
            LOGGER.info("%s %r: %s: %s", scope["method"], scope["path"], error.code, error.message)
            await self._refuse(error, send)
        except Exception:
            LOGGER.exception("%s %r", scope["method"], scope["path"])
            if not has_begun:
                hint = "Nothing was kept of this request. The server's log says more."
                await self._refuse(InputError("internal", "The server failed on this request.", hint), send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _host_name(body.header(scope, b"host")) not in self._names:
            hint = "Use a name that the server's certificate is for."
            raise InputError("wrong_host", "The server does not answer to this host name.", hint)
        path = scope["path"]
        method, route = ROUTES.get(path, ("GET", ingest.tile) if path.startswith("/tile/") else ("", None))
        if route is None:
            length = body.header(scope, b"content-length")
            if length.isdigit() and int(length[:20]) > body.PAGE_MAX_BYTES:
                raise InputError("too_large", f"A page takes at most {body.PAGE_MAX_BYTES} bytes.")
            await self._pages(scope, body.within(receive, BODY_DEADLINE_SECONDS), send)
            return
        if scope["method"] != method:
            raise InputError("wrong_method", f"This address takes {method} only.")
        await _send(await route(scope, receive, self.desk), send)

    async def _refuse(self, error: InputError, send: Send) -> None:
        text = answers.error_body(error, self._clock())
        await _send(Answer(answers.status(error), text, headers=tuple(answers.error_headers(error))), send)


def _host_name(header: bytes) -> str:
    """The name or address in a Host header, without port and brackets."""
    text = header.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


async def _send(answer: Answer, send: Send) -> None:
    named = {name for name, _ in answer.headers}
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        *(each for each in answers.SECURITY_HEADERS if each[0] not in named),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
