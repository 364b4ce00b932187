"""Files of group policies, read from a domain controller's SYSVOL share over SMB 3, encrypted or not at all.

The login is NTLMv2: whoever stands between may guess the password offline, but neither reads nor changes a file, since
the keys come from the password and a message that is not sealed with them ends the connection. The library itself
would take an unsigned answer for a good one, and as many bytes as it is told of. Nothing is written; links are not
followed to another server.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any, Final

from collectors.door import READ_MAX_BYTES, Unseen

FILES_MAX: Final = 2_000
BYTES_MAX: Final = 64 * 1024 * 1024
ANSWER_MAX_SECONDS: Final = 20
PORT: Final = 445
_FRAME_MAX_BYTES: Final = 1024 * 1024
_PIECE_BYTES: Final = 512 * 1024
_SEALED: Final = b"\xfdSMB"
_PART: Final = re.compile(r"[^\\/:*?\"<>|\x00-\x1f]+")
_READ_ONLY, _ATTRIBUTES, _OPEN_EXISTING, _NO_FOLDER, _IMPERSONATION = 0x1 | 0x80, 0x80, 1, 0x40, 2
_SHARED: Final = 0x7
"""With those who read, write and delete: nobody is kept from the file meanwhile."""
_REASONS: Final = {
    "AccessDenied": ("permission_denied", "insufficient rights"),
    "LogonFailure": ("permission_denied", "wrong user or password, or no NTLM"),
    "SMBAuthenticationError": ("permission_denied", "the login did not succeed"),
    "PasswordExpired": ("permission_denied", "the password has expired"),
    "ObjectNameNotFound": ("not_found", ""),
    "ObjectPathNotFound": ("not_found", ""),
    "NoSuchFile": ("not_found", ""),
    "BadNetworkName": ("not_found", "no such share"),
    "StoppedOnSymlink": ("unsupported", "a link"),
    "PathNotCovered": ("unsupported", "it lies on another server"),
}


class Sysvol:
    """One controller's share; nothing is opened before the first file is asked for."""

    def __init__(
        self, host: str, user: str | None, secret: str | None, budget_seconds: float, port: int = PORT
    ) -> None:
        self._host, self._user, self._secret, self._port = host, user, secret, port
        self._ends_at = time.monotonic() + budget_seconds
        self._files_left, self._bytes_left = FILES_MAX, BYTES_MAX
        self._connection: Any = None
        self._tree: Any = None
        self._failure: Unseen | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None and self._connection.transport is not None:
            self._connection.disconnect(close=False)

    def read(self, path: str) -> bytes:
        """The file at a path below the share, its parts separated by `/`. Raises `Unseen`."""
        parts = path.split("/")
        if not all(_PART.fullmatch(part) and part.strip(". ") for part in parts):
            raise Unseen("malformed", "SYSVOL", "no path of a file")
        source = f"SYSVOL/{path}"
        if self._failure:  # nobody waits twice for a door that is shut
            raise Unseen(self._failure.reason, source, self._failure.detail)
        self._files_left -= 1
        if self._files_left < 0:
            raise Unseen("too_large", source, "more files than are read of one domain")
        if self._tree is None:
            try:
                self._tree = self._told(source, self._opened)
            except Unseen as unseen:
                self._failure = unseen
                self.close()
                raise
        return self._told(source, self._read, "\\".join(parts), source)  # type: ignore[no-any-return]

    def _opened(self) -> Any:
        if not self._user or not self._secret:
            raise Unseen("permission_denied", "SYSVOL", "it is read with a user and a password only")
        if "=" in self._user:
            raise Unseen("unsupported", "SYSVOL", r"it wants the user as DOMAIN\user or user@domain")
        session, tree = library()
        self._connection = _connection(self._host, self._port, self._left)
        self._connection.connect(timeout=self._left())
        if self._connection.dialect < 0x300 or not self._connection.supports_encryption:
            raise Unseen("unsupported", "SYSVOL", "the server speaks no encrypted SMB 3")
        logged_in = session(
            self._connection, self._user, self._secret, require_encryption=True, auth_protocol="ntlm"
        )
        logged_in.connect()
        self._connection.is_sealed = True
        opened = tree(logged_in, rf"\\{self._host}\sysvol")
        opened.connect(require_secure_negotiate=True)
        return opened

    def _read(self, path: str, source: str) -> bytes:
        from smbprotocol.open import Open

        one = Open(self._tree, path)
        one.create(_IMPERSONATION, _READ_ONLY, _ATTRIBUTES, _SHARED, _OPEN_EXISTING, _NO_FOLDER)
        try:
            size = one.end_of_file
            self._bytes_left -= size
            if size > READ_MAX_BYTES or self._bytes_left < 0:
                raise Unseen("too_large", source)
            data = b""
            while len(data) < size:
                piece = one.read(len(data), min(_PIECE_BYTES, size - len(data)))
                if not piece:
                    raise Unseen("malformed", source, "shorter than it says")
                data += piece
        finally:
            one.close()
        return data

    def _left(self) -> float:
        """Seconds that an answer may take. `budget_spent` where none are left."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise Unseen("budget_spent", "SYSVOL")
        return min(left, ANSWER_MAX_SECONDS)

    def _told(self, source: str, function: Any, *given: Any) -> Any:
        """Calls, and turns what the library and the network raise into `Unseen`, in words of our own."""
        try:
            return function(*given)
        except Unseen as unseen:
            raise Unseen(unseen.reason, source, unseen.detail) from None
        except Exception as error:  # noqa: BLE001  torn answers make the library raise whatever its parsers do
            raise _meant(error, source) from None


def _meant(error: Exception, source: str) -> Unseen:
    for kind in type(error).__mro__:
        if kind.__name__ in _REASONS:
            return Unseen(_REASONS[kind.__name__][0], source, _REASONS[kind.__name__][1])
    words = str(error).lower()
    if "timeout" in words or "timed out" in words:
        return Unseen("timeout", source)
    if isinstance(error, ValueError) and "failed to connect" in words:
        return Unseen("not_found", source, "no connection to the server's port for files")
    return Unseen("malformed", source, "no answer that can be understood")


def library() -> tuple[Any, Any]:
    """The library's session and share; `tool_missing` where the extra is not installed."""
    try:
        from smbprotocol.session import Session
        from smbprotocol.tree import TreeConnect
    except ImportError:
        raise Unseen("tool_missing", "smbprotocol", "install boltseal[directory]") from None
    for name in ("smbprotocol", "spnego"):  # they tell names and packets of a login
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return Session, TreeConnect


def _connection(host: str, port: int, left: Any) -> Any:
    from smbprotocol.connection import Connection

    class Bounded(Connection):  # type: ignore[misc]
        is_sealed = False

        @property
        def transport(self) -> Any:
            return self._transport

        @transport.setter
        def transport(self, value: Any) -> None:
            self._transport = value
            if value is not None:
                guard(value, lambda: self.is_sealed)

        def receive(
            self, request: Any, wait: bool = True, timeout: Any = None, resolve_symlinks: bool = True
        ) -> Any:
            return super().receive(request, wait=wait, timeout=left(), resolve_symlinks=False)

    return Bounded(uuid.uuid4(), host, port, require_signing=True)


def guard(transport: Any, is_sealed: Any) -> None:
    """Keep a transport from taking more bytes than a message of ours has, and, once sealed, what is not."""
    took, received = transport._recv, transport.recv

    def take(length: int, timeout: float) -> Any:
        if length > _FRAME_MAX_BYTES:
            raise ValueError("a message that is too large")
        return took(length, timeout)

    def receive(timeout: float) -> Any:
        message = received(timeout)
        if message and is_sealed() and message[:4] != _SEALED:
            raise ValueError("a message that is not sealed")
        return message

    transport._recv, transport.recv = take, receive
