"""One interactive session on a device: commands in, answers out, each within its bytes and seconds.

A prompt counts where the device falls silent behind it, and an answer where it begins with the command's echo. After
anything else nobody knows which command the next answer belongs to, so the session is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from collectors.door import OUTPUT_MAX_BYTES, Unseen
from collectors.doors import device_text

COMMAND_SECONDS: Final = 60.0
"""A large configuration takes half a minute on a small device."""
PROMPT_SECONDS: Final = 15.0
_SILENT_SECONDS: Final = 0.2
_TAIL: Final = 512
_MORE: Final = b"--More--"


class Channel(Protocol):
    """What is used of a paramiko channel."""

    def settimeout(self, timeout: float | None) -> None:
        """How long recv and sendall may take; a TimeoutError after that."""

    def recv(self, nbytes: int) -> bytes:
        """Some bytes; none when the other side is gone."""

    def sendall(self, s: bytes) -> None:
        """Send all of it."""


class Shell:
    """A session that has shown its prompt. Every method raises `Unseen`; after that the session is unusable."""

    def __init__(self, channel: Channel, left: Callable[[], float]) -> None:
        self._channel, self._left = channel, left
        self._prompt = ""

    def start(self, commands: tuple[str, ...]) -> None:
        """Wait for the first prompt, send what prepares the session, and learn the prompt from the last answer."""
        self._until("the device's prompt", lambda text: bool(device_text.prompt(text)), PROMPT_SECONDS)
        for command in commands:
            self._send(command)
            text = self._until(command, lambda text: bool(device_text.prompt(text)), PROMPT_SECONDS)
            self._prompt = device_text.prompt(text)
            try:
                device_text.answer(text, command, self._prompt)
            except Unseen as unseen:
                if unseen.reason == "malformed":
                    raise

    def enable(self, command: str, secret: str) -> None:
        """Ask for more rights. The secret is sent once, and only where a password is asked for."""
        self._send(command)
        text = self._until(
            command, lambda text: _asks(text) or bool(device_text.prompt(text)), PROMPT_SECONDS
        )
        if _asks(text):
            self._send(secret)
            text = self._until(
                command, lambda text: _asks(text) or bool(device_text.prompt(text)), PROMPT_SECONDS
            )
        self._prompt = device_text.prompt(text)
        if not self._prompt.endswith("#"):
            raise Unseen("permission_denied", command, "the device does not take the secret")

    def ask(self, command: str) -> str:
        """What a command prints."""
        self._send(command)
        text = self._until(command, lambda text: device_text.prompt(text) == self._prompt, COMMAND_SECONDS)
        return device_text.answer(text, command, self._prompt)

    def _send(self, line: str) -> None:
        try:
            self._channel.settimeout(PROMPT_SECONDS)
            self._channel.sendall(line.encode() + b"\r")
        except OSError:
            raise Unseen("malformed", "session", "the device ended it") from None

    def _until(self, source: str, is_end: Callable[[str], bool], seconds: float) -> str:
        """Read until the device is silent and the end of what it said is what is waited for."""
        until = time.monotonic() + min(seconds, self._left())
        data = bytearray()
        while time.monotonic() < until:
            try:
                self._channel.settimeout(_SILENT_SECONDS)
                more = self._channel.recv(65_536)
            except TimeoutError:
                if bytes(data[-_TAIL:]).rstrip().endswith(_MORE):
                    self._channel.sendall(b" ")
                    del data[data.rindex(_MORE) :]
                elif is_end(device_text.shown(bytes(data[-_TAIL:]))):
                    return device_text.shown(bytes(data))
                continue
            except OSError:
                more = b""
            if not more:
                raise Unseen("malformed", source, "the device ended the session")
            data += more
            if len(data) > OUTPUT_MAX_BYTES:
                raise Unseen("too_large", source)
        raise Unseen("timeout", source, f"no prompt within {seconds:.0f} s")


def _asks(text: str) -> bool:
    return text.rpartition("\n")[2].strip().lower().endswith("password:")
