"""One command on an SSH connection, bounded in time and output.

The command line goes through the login shell of the other side, whatever that is: so a line is made of fixed
words and of arguments in single quotes, and arguments that a quote may not hold in every shell are refused.
"""

from __future__ import annotations

import re
import shlex
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from collectors import door
from collectors.door import Command, Unseen

if TYPE_CHECKING:
    import paramiko

_UNSAFE: Final = r"[\x00-\x1f!\x7f]|\\(?:[\\']|\Z)"
OPEN_SECONDS: Final = 15.0
LOST: Final = "the connection is lost"
_COMPLAINT_BYTES: Final = 300
_CHUNK, _TICK_SECONDS, _QUIET_SECONDS = 64 * 1024, 0.05, 0.2


def line(argv: Sequence[str]) -> bytes:
    """A command line that any login shell takes apart into just these arguments."""
    if not all(map(_is_safe, argv)):
        raise Unseen("malformed", plain(" ".join(argv)), "an argument that not every shell can be given")
    return shlex.join(argv).encode("utf-8", "surrogateescape")


def _is_safe(argument: str) -> bool:
    """Whether single quotes hold an argument in every shell.

    csh ends a quote with its line and looks for `!` within; in fish a backslash takes away the meaning of a quote or
    a backslash behind it.
    """
    return not re.search(_UNSAFE, argument)


def opened(transport: paramiko.Transport, source: str, seconds: float) -> paramiko.Channel:
    """A new channel on the connection."""
    import paramiko

    try:
        return transport.open_session(timeout=min(seconds, OPEN_SECONDS))
    except (paramiko.SSHException, OSError, EOFError):
        raise Unseen("timeout", source, _why(transport, "the host opens no session")) from None


def started(transport: paramiko.Transport, words: bytes, source: str, seconds: float) -> paramiko.Channel:
    """A channel on which a command runs."""
    import paramiko

    channel = opened(transport, source, seconds)
    try:
        channel.settimeout(seconds)
        channel.exec_command(words)
    except (paramiko.SSHException, OSError, EOFError):
        channel.close()
        raise Unseen("timeout", source, _why(transport, "the host runs no commands")) from None
    return channel


def subsystem(transport: paramiko.Transport, name: str, seconds: float) -> paramiko.Channel:
    """A channel on which a subsystem of the SSH server runs."""
    import paramiko

    channel = opened(transport, name, seconds)
    try:
        channel.settimeout(seconds)
        channel.invoke_subsystem(name)
    except (paramiko.SSHException, OSError, EOFError):
        channel.close()
        raise Unseen("unsupported", name, _why(transport, f"the host offers no {name}")) from None
    return channel


def complaint(channel: paramiko.Channel) -> str:
    """What a command that did not do its work said about it."""
    said = channel.recv_stderr(_COMPLAINT_BYTES) if channel.recv_stderr_ready() else b""
    return plain(said.decode("utf-8", "replace"))


def plain(text: str) -> str:
    """What the other side said, in one line that a terminal can show."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _why(transport: paramiko.Transport, otherwise: str) -> str:
    return otherwise if transport.is_active() else LOST


def execute(
    transport: paramiko.Transport, argv: tuple[str, ...], words: bytes, seconds: float, late: str
) -> Command:
    """Run a command line and wait for its end; the channel is closed when it takes or says too much."""
    import paramiko

    source = " ".join(argv)
    deadline = time.monotonic() + seconds
    channel = started(transport, words, source, min(seconds, OPEN_SECONDS))
    try:
        channel.shutdown_write()
        out, err = _both(channel, source, deadline, late)
        if not channel.status_event.wait(max(deadline - time.monotonic(), 0)):
            raise Unseen(late, source)
        if channel.exit_status < 0 and not transport.is_active():
            raise Unseen("timeout", source, LOST)
    except (paramiko.SSHException, OSError, EOFError):
        raise Unseen("timeout", source, _why(transport, "")) from None
    finally:
        channel.close()
    return Command(argv, channel.exit_status, out, err)


def _both(channel: paramiko.Channel, source: str, deadline: float, late: str) -> tuple[bytes, bytes]:
    """Both outputs up to their end, or until the command ended and a child of it holds them silently."""
    out, err, something = bytearray(), bytearray(), threading.Event()
    channel.in_buffer.set_event(something)
    channel.in_stderr_buffer.set_event(something)
    quiet_since = time.monotonic()
    while True:
        before = len(out) + len(err)
        if channel.recv_ready():
            out += channel.recv(_CHUNK)
        if channel.recv_stderr_ready():
            err += channel.recv_stderr(_CHUNK)
        if len(out) + len(err) > door.OUTPUT_MAX_BYTES:
            raise Unseen("too_large", source, f"more than {door.OUTPUT_MAX_BYTES} bytes of output")
        now = time.monotonic()
        if now >= deadline:
            raise Unseen(late, source)
        if len(out) + len(err) > before:
            quiet_since = now
            continue
        if channel.eof_received or channel.closed:
            return bytes(out), bytes(err)
        if channel.exit_status_ready() and now - quiet_since > _QUIET_SECONDS:
            return bytes(out), bytes(err)
        something.wait(_TICK_SECONDS)
