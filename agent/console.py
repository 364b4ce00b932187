"""What people see of a command: colour, shapes and progress where they help, plain text everywhere else."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TextIO

from config.errors import InputError

PROGRESS_AFTER_SECONDS: Final = 2.0
PROGRESS_EVERY_SECONDS: Final = 1.0
WIDTH_MIN, WIDTH_MAX, WIDTH_ELSEWHERE = 60, 120, 100
WORDS_MAX_CHARACTERS: Final = 300

_COLOURS: Final = {"good": "32", "bad": "31", "doubt": "33", "dim": "2", "strong": "1"}
_TONES: Final = {
    "met": "good", "pass": "good", "ok": "good",
    "not_met": "bad", "fail": "bad", "bad": "bad",
    "partly": "doubt", "no_evidence": "doubt", "stale": "doubt", "unknown": "doubt", "warn": "doubt",
    "not_applicable": "dim",
}  # fmt: skip
_SHAPES: Final = {
    "met": "●", "pass": "●", "ok": "●",
    "partly": "◐", "warn": "▲",
    "not_met": "✕", "fail": "✕", "bad": "✕",
    "no_evidence": "?", "unknown": "?",
    "stale": "◌",
    "not_applicable": "·",
}  # fmt: skip
_PLAIN_SHAPES: Final = {"●": "+", "◐": "~", "▲": "!", "✕": "x", "?": "?", "◌": "o", "·": "-"}


@dataclass(frozen=True)
class Style:
    """How text may look: escape codes or not, shapes beyond ASCII or not, and how wide."""

    colour: bool = False
    shapes: bool = True
    width: int = WIDTH_ELSEWHERE

    def paint(self, text: str, tone: str) -> str:
        """Text in a tone (good, bad, doubt, dim, strong), where colour is shown."""
        return f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m" if self.colour else text

    def shape(self, word: str) -> str:
        """The sign of a status or answer."""
        sign = _SHAPES[word]
        return sign if self.shapes else _PLAIN_SHAPES[sign]

    def status(self, word: str, width: int = 0) -> str:
        """A status or answer as sign and word, padded before it is painted."""
        return self.paint(f"{self.shape(word)} {word.replace('_', ' '):<{width}}", _TONES[word])


def style_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Style:
    """The style for a stream. Colour only on a terminal, and not when NO_COLOR says so (no-color.org)."""
    is_terminal = stream.isatty()
    colour = is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    columns = shutil.get_terminal_size((WIDTH_ELSEWHERE, 24)).columns if is_terminal else WIDTH_ELSEWHERE
    return Style(colour, _can_say(stream, "●◐✕"), max(WIDTH_MIN, min(columns, WIDTH_MAX)))


class Progress:
    """One line on standard error that says what is being done, once it takes long, on a terminal only."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._since = clock()
        self._shown = False

    def say(self, text: str) -> None:
        """Show what is being done, in place of what was said before."""
        if self._stream.isatty() and self._clock() - self._since >= PROGRESS_AFTER_SECONDS:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
            self._shown = True

    @contextmanager
    def during(self, text: str, every_seconds: float = PROGRESS_EVERY_SECONDS) -> Iterator[None]:
        """Show what is being done in one long step, and for how many seconds, until it is done."""
        if not self._stream.isatty():
            yield
            return
        done, begun = threading.Event(), self._clock()

        def tell() -> None:
            while not done.wait(every_seconds):
                self.say(f"{text} ({self._clock() - begun:.0f} s)")

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            done.set()
            teller.join()
            self.end()

    def end(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False


def tell(error: InputError, stream: TextIO | None = None) -> None:
    """An error on standard error: what happened, its code, what to try."""
    stream = stream or sys.stderr
    style = style_of(stream)
    stream.write(f"{style.paint('boltseal:', 'bad')} {error.message} [{error.code}]\n")
    if error.hint:
        stream.write(f"  {error.hint}\n")


def plain(value: object, limit: int = WORDS_MAX_CHARACTERS) -> str:
    """A stranger's text, safe to print: no control characters, bounded; empty when it is no text."""
    if not isinstance(value, str):
        return ""
    return "".join(letter if letter.isprintable() else "?" for letter in value[:limit])


def _can_say(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
