"""The one writer: many jobs in one transaction, on one thread.

Requests hand in jobs. While one batch is on its way to the disk the next one gathers, so that the disk's pace decides
how many share a commit. A job is a function that runs inside the transaction and returns another, which runs after
the commit and builds the answer: nothing is answered before it is durable.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from config.errors import InputError
from server import database
from server.ledger import Entries, Hand, entering
from server.log import LogHead, Tree

BATCH_MAX = 128

Finish: TypeAlias = Callable[[LogHead, Tree], Any]
Job: TypeAlias = Callable[[Entries], Finish]


class Writer:
    """The thread that writes, and the jobs that wait for it. Used from one event loop."""

    def __init__(self, path: Path, hand: Hand, clock: Callable[[], datetime]) -> None:
        self._hand = hand
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._connection = database.connect(path)
        self._tree = Tree(self._connection)
        self._waiting: list[tuple[Job, asyncio.Future[Any]]] = []
        self._running: asyncio.Future[Any] | None = None

    async def submit(self, job: Job) -> Any:
        """Run a job in the next transaction; return what its second part returns, or raise what it raises."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, answer))
        self._next()
        return await answer

    async def between(self, work: Callable[[Any], Any]) -> Any:
        """Run other work on the writer's connection, in its thread, when no batch is running."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._connection)

    async def stop(self) -> None:
        """Write what waits, then end."""
        while self._running is not None:
            await asyncio.wait([self._running])
        self._thread.shutdown()
        self._connection.close()

    def _next(self) -> None:
        if self._running is not None or not self._waiting:
            return
        batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(self._thread, self._write, [job for job, _ in batch])
        self._running.add_done_callback(lambda done: self._answer(batch, done))

    def _answer(self, batch: Sequence[tuple[Job, asyncio.Future[Any]]], done: asyncio.Future[Any]) -> None:
        error = done.exception()
        results = [error] * len(batch) if error is not None else done.result()
        for (_, answer), result in zip(batch, results, strict=True):
            if answer.done():  # whoever asked has gone
                continue
            if isinstance(result, BaseException):
                answer.set_exception(result)
            else:
                answer.set_result(result)
        self._running = None
        self._next()

    def _write(self, jobs: Sequence[Job]) -> list[Any]:
        """Run a batch: one transaction, then the answers. A refused job does not disturb the others."""
        finishes: list[Finish | InputError] = []
        with entering(self._connection, self._hand, self._clock(), self._tree) as entries:
            for job in jobs:
                try:
                    finishes.append(job(entries))
                except InputError as refusal:
                    finishes.append(refusal)
        # Durable from here on. A crash now costs the answers: the hosts send again and are told `already_here`.
        # The head is the one committed here: a command beside the server may have appended since.
        return [_finished(finish, entries.head, self._tree) for finish in finishes]


def _finished(finish: Finish | InputError, head: LogHead, tree: Tree) -> Any:
    if isinstance(finish, InputError):
        return finish
    try:
        return finish(head, tree)
    except InputError as refusal:
        return refusal
