"""TLS to a directory: certificate and host name are proven by Python's own ssl, and every answer is bounded.

ldap3 would check names by rules of its own, and reads as much as it is sent for as long as it is sent.
"""

from __future__ import annotations

import ssl
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from collectors.door import Unseen
from collectors.door_directory import BYTES_MAX
from collectors.doors.connecting import ConnectError


def library() -> Any:
    """The module ldap3; `tool_missing` where the extra is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks pyasn1 for old names
        try:
            import ldap3
            import ldap3.core.exceptions
        except ImportError:
            raise Unseen("tool_missing", "ldap3", "install boltseal[directory]") from None
    return ldap3


class Guard:
    """What is allowed on one connection, and what went wrong on it."""

    def __init__(self, host: str, ca_file: str | None, budget_seconds: float) -> None:
        self._host = host
        self._ends_at = time.monotonic() + budget_seconds
        self._bytes_left = BYTES_MAX
        self._failure: Unseen | None = None
        self._sockets: list[Any] = []
        try:
            self._context = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError):
            raise ConnectError("directory_ca", f"no certificates can be read from {ca_file}") from None
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    def close(self) -> None:
        """Close what was opened."""
        for one in self._sockets:
            one.close()

    def tls(self) -> Any:
        """What ldap3 takes for its own TLS settings."""
        guard = self

        class Proven(library().Tls):  # type: ignore[misc]
            def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
                connection.socket = guard._wrap(connection.socket)

        return Proven()

    @contextmanager
    def told(self, source: str) -> Iterator[None]:
        """Turns what ldap3 and the network raise into `Unseen`, in words of our own."""
        exceptions = library().core.exceptions
        self._failure = None
        if time.monotonic() > self._ends_at:
            raise Unseen("budget_spent", source)
        try:
            yield
        except (exceptions.LDAPException, OSError) as error:
            raise self._meant(error, source) from None
        if self._failure:  # ldap3 may have swallowed it
            raise Unseen(self._failure.reason, source, self._failure.detail)

    def _meant(self, error: Exception, source: str) -> Unseen:
        exceptions = library().core.exceptions
        if self._failure:
            return Unseen(self._failure.reason, source, self._failure.detail)
        # StartTLS is the only extended request here; ldap3 trips over a refusal now and then, in other words.
        if isinstance(error, (exceptions.LDAPStartTLSError, exceptions.LDAPExtensionError)):
            return Unseen("unsupported", source, "the server offers no TLS, and nothing is said without it")
        words = f"{type(error).__name__} {error}".lower()
        if "timed out" in words or "timeout" in words:
            return Unseen("timeout", source)
        if isinstance(error, exceptions.LDAPSocketOpenError):
            return Unseen("not_found", source, "no connection to the server")
        if isinstance(error, exceptions.LDAPCommunicationError):
            return Unseen("malformed", source, "the connection broke off")
        return Unseen("malformed", source, "no answer that can be understood")

    def _wrap(self, plain: Any) -> ssl.SSLSocket:
        self._sockets.append(plain)
        try:
            wrapped = self._context.wrap_socket(plain, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            self._failure = Unseen(
                "malformed", "TLS", f"the certificate is not proven: {error.verify_message}"
            )
            raise
        except TimeoutError:
            self._failure = Unseen("timeout", "TLS")
            raise
        except (ssl.SSLError, ConnectionError):
            self._failure = Unseen("unsupported", "TLS", "the server speaks no TLS that is good enough")
            raise
        self._sockets.append(wrapped)
        received = wrapped.recv

        def recv(*args: int) -> bytes:
            data = received(*args)
            self._bytes_left -= len(data)
            if self._bytes_left < 0:
                self._failure = Unseen("too_large", "LDAP", "more bytes than are read of one directory")
                raise OSError("too large")
            if time.monotonic() > self._ends_at:
                self._failure = Unseen("budget_spent", "LDAP")
                raise OSError("too late")
            return data

        wrapped.recv = recv  # type: ignore[method-assign,assignment]
        return wrapped
