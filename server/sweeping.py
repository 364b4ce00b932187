"""Step 10 of admission: verdicts are refreshed after the answer, and by time when nothing comes in."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from datetime import datetime

from config.errors import InputError
from server import verdicts
from server.writer import Writer

PERIOD_SECONDS = 60
# One pass between two batches: short enough that no report waits for it.
PASS_HOSTS = 2

LOGGER = logging.getLogger("boltseal.server")


class Sweeper:
    """Judges due hosts on the writer's thread, a few between two batches, until none is left."""

    def __init__(self, writer: Writer, clock: Callable[[], datetime]) -> None:
        self._writer = writer
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._is_stopping = False
        self._timer: asyncio.TimerHandle | None = None

    def nudge(self) -> None:
        """Something may be due now."""
        self._again = True
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._ended)

    async def settled(self) -> None:
        """Wait until nothing is due."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """End after the pass that is running. What is still due stays so, and is seen to at the next start."""
        if self._timer is not None:
            self._timer.cancel()
        self._is_stopping = True
        if self._task is not None:
            self._task.remove_done_callback(self._ended)
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while self._again and not self._is_stopping:
            self._again = False
            if await self._writer.between(self._sweep) == PASS_HOSTS:
                self._again = True

    def _sweep(self, connection: sqlite3.Connection) -> int:
        return verdicts.sweep(connection, self._clock(), PASS_HOSTS)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if isinstance(error, InputError):  # a full disk, say: hosts that stay due count as unknown meanwhile
            LOGGER.warning("verdicts wait: %s", error)
        elif error is not None:
            LOGGER.error("verdicts wait", exc_info=error)
        self._task = None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(PERIOD_SECONDS, self.nudge)
        if self._again and error is None:
            self.nudge()
