"""Reading a request's body from a stranger: bounded in bytes, before and after decompression, and in time."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from config.errors import InputError
from config.settings import BODY_DEADLINE_SECONDS, UPLOAD_MAX_BYTES

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

# All half-read bodies together. Uploads that would pass it are told to come back.
READING_MAX_BYTES = 256 << 20
_GZIP = 16 + zlib.MAX_WBITS
_STEP_BYTES = 1 << 18
_UNPACKED_FREE_BYTES, _RATIO_MAX = 1 << 18, 50
# A page's form; nothing is uploaded to pages.
PAGE_MAX_BYTES = 1 << 20


class DisconnectedError(Exception):
    """The client went away; there is nobody to answer."""


class Reading:
    """The bytes held by half-read bodies, all requests together."""

    def __init__(self, limit: int = READING_MAX_BYTES) -> None:
        self._limit = limit
        self._held = 0

    def take(self, count: int) -> None:
        """Count bytes in; InputError ``busy`` when there is no room for them."""
        if self._held + count > self._limit:
            raise InputError("busy", "Too many uploads at once.", "Try again in a few seconds.")
        self._held += count

    def give_back(self, count: int) -> None:
        """Count bytes out."""
        self._held -= count


async def read(
    scope: Scope,
    receive: Receive,
    reading: Reading,
    limit: int = UPLOAD_MAX_BYTES,
    seconds: float = BODY_DEADLINE_SECONDS,
) -> bytes:
    """Return the body, decompressed where it is gzip; at most `limit` bytes, read within `seconds`.

    InputError ``too_large``, ``body_timeout``, ``busy``, ``encoding_unknown`` or ``bad_gzip``.
    """
    encoding = header(scope, b"content-encoding").lower()
    if encoding not in (b"", b"identity", b"gzip"):
        raise InputError("encoding_unknown", "The body's Content-Encoding is neither gzip nor identity.")
    length = header(scope, b"content-length")
    if length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            data = await _collect(receive, reading, limit)
    except TimeoutError as error:
        raise InputError("body_timeout", f"The body did not arrive within {seconds} seconds.") from error
    if encoding != b"gzip":
        return data
    # Evidence shrinks to a tenth. A body that shrank far more was made to cost: its sender pays in bytes.
    return _unzip(data, min(limit, _UNPACKED_FREE_BYTES + _RATIO_MAX * len(data)))


def header(scope: Scope, name: bytes) -> bytes:
    """Return a request header, or nothing; the first where it is repeated."""
    return next((value for key, value in scope["headers"] if key == name), b"")


def within(receive: Receive, seconds: float) -> Receive:
    """Return `receive` for Django's pages: a body that stalls or never ends is a client that went away."""
    ends_at = asyncio.get_running_loop().time() + seconds
    complete = False
    size = 0

    async def bounded() -> Message:
        nonlocal complete, size
        if complete:  # from here on it only waits for the client to go
            return await receive()
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        complete = not message.get("more_body", False)
        size += len(message.get("body", b""))
        return message if size <= PAGE_MAX_BYTES else {"type": "http.disconnect"}

    return bounded


async def _collect(receive: Receive, reading: Reading, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise DisconnectedError
            part = message.get("body", b"")
            reading.take(len(part))
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)
    finally:
        reading.give_back(size)


def _unzip(data: bytes, limit: int) -> bytes:
    """Decompress one gzip member, in steps, so that a bomb costs no more than the limit."""
    engine = zlib.decompressobj(_GZIP)
    parts: list[bytes] = []
    size = 0
    try:
        while data and not engine.eof:
            part = engine.decompress(data, _STEP_BYTES)
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
            data = engine.unconsumed_tail
    except zlib.error as error:
        raise InputError("bad_gzip", "The body is not gzip.") from error
    if not engine.eof or engine.unused_data:
        raise InputError("bad_gzip", "The gzip body is cut short or has something after its end.")
    return b"".join(parts)


def _too_large(limit: int) -> InputError:
    return InputError("too_large", f"The body has more than {limit} bytes.")
