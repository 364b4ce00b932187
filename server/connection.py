"""One client's connection: what uvicorn's own protocol leaves unbounded, bounded.

Its parser takes headers of any length and waits for them without end. Here a head that is too long or too slow ends
the connection before any request comes of it, and so does a request that goes on long after it was answered.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 32 << 10
HEAD_DEADLINE_SECONDS = 20
# With all framing: a good deal more than any body that is taken, so that who sends too much still hears so.
REQUEST_MAX_BYTES = 64 << 20

_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Connection(HttpToolsProtocol):
    """HTTP/1.1 with limits on the size of a request and its head, and on the time that the head takes."""

    _received = 0
    _in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the clock: the first head is due."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes; a body's own limits are those of whoever reads it."""
        self._received += len(data)
        super().data_received(data)
        if self._in_head and self._received > HEAD_MAX_BYTES:
            self.transport.write(_TOO_LONG)
            self.transport.close()
        elif self._received > REQUEST_MAX_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what follows a body is none."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._stop_clock()
        self._in_head = False
        self._received = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is complete; the next may come at leisure, as keep-alive has its own clock."""
        super().on_message_complete()
        self._in_head = True
        self._received = 0

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_DEADLINE_SECONDS, self.transport.close)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
