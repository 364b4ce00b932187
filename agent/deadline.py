"""A hard end for work that must not last: the alarm clock of the process.

For what the code at work cannot bound by itself: a collector in an endless loop, a server that answers one
byte a minute. Works in the main thread only (that is where the alarm rings), and not on Windows; elsewhere
it bounds nothing.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTime(BaseException):
    """The time is up. No error, and no Exception, so that no handler between work and bound can swallow it."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block when it lasts longer. A bound around this one stays in force."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    outer, _ = signal.getitimer(signal.ITIMER_REAL)
    inner = min(seconds, outer) if outer else seconds
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, max(inner, 0.001))
    try:
        yield
    finally:
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(outer - (inner - left), 0.001))


def _ring(number: int, frame: FrameType | None) -> None:
    raise OutOfTime
