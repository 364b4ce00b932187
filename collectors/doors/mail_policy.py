"""One policy file over HTTPS, as a sending server must fetch it (RFC 8461, section 3.3).

The certificate is verified for the host's name; redirects are not followed; the address is the one that the
asked resolver gave, and no proxy stands between.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Final

from collectors.door import Unseen
from collectors.door_mail import POLICY_MAX_BYTES

PATH: Final = "/.well-known/mta-sts.txt"
_PIECE_BYTES: Final = 8192


def fetch(
    host: str, addresses: Sequence[str], port: int, seconds: float, trust: ssl.SSLContext | None = None
) -> str:
    """The text. `not_found` for 404 and 410, `malformed` for any other answer and for a failed verification."""
    deadline = time.monotonic() + seconds
    where = f"https://{host}{PATH}"
    connection = _At(host, addresses, port, seconds, trust or ssl.create_default_context())
    try:
        connection.request("GET", PATH, headers={"Accept": "text/plain", "User-Agent": "boltseal"})
        # A response that ends with its connection owns the socket: closing the connection leaves it open.
        with connection.getresponse() as response:
            return _text(response, where, deadline)
    except ssl.SSLError as error:
        raise Unseen("malformed", where, f"TLS: {error.reason or 'failed'}") from None
    except TimeoutError:
        raise Unseen("timeout", where) from None
    except (OSError, HTTPException) as error:
        raise Unseen("malformed", where, type(error).__name__) from None
    finally:
        connection.close()


class _At(HTTPSConnection):
    """A connection to known addresses, verified for a name."""

    def __init__(
        self, host: str, addresses: Sequence[str], port: int, seconds: float, trust: ssl.SSLContext
    ) -> None:
        super().__init__(host, port, timeout=seconds, context=trust)
        self._addresses, self._seconds, self._context = addresses, seconds, trust

    def connect(self) -> None:
        """To the first address that accepts."""
        for number, address in enumerate(self._addresses, 1):
            try:
                plain = socket.create_connection((address, self.port), self._seconds)
                break
            except OSError:
                if number == len(self._addresses):
                    raise
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def _text(response: HTTPResponse, where: str, deadline: float) -> str:
    if response.status in (404, 410):
        raise Unseen("not_found", where, f"HTTP {response.status}")
    if response.status != 200:
        raise Unseen("malformed", where, f"HTTP {response.status}, which senders do not follow")
    if response.headers.get_content_type() != "text/plain":
        raise Unseen("malformed", where, "not text/plain")
    whole = b""
    while piece := response.read1(_PIECE_BYTES):
        whole += piece
        if len(whole) > POLICY_MAX_BYTES:
            raise Unseen("too_large", where)
        if time.monotonic() > deadline:
            raise TimeoutError
    return whole.decode("utf-8", "replace")
