"""The one writer: steps 7, 8 and 9 of admission, many statements in one transaction, on one thread.

Requests hand in jobs. While one batch is on its way to the disk the next one gathers, so that the disk's pace decides
how many share a commit. A job is a function that runs inside the transaction and returns another, which runs after
the commit and builds the answer: nothing is answered before it is durable.
"""

import asyncio
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from config import canonical, statement
from config.canonical import Json
from config.errors import InputError
from config.receipt import Receipt
from server import admission, database, freshness, log
from server.admission import QUARANTINED, Head, Place, Submission
from server.ledger import PACK_LEVEL, Entries, Hand, entering
from server.log import LogHead, Tree

BATCH_MAX = 128

Finish: TypeAlias = Callable[[LogHead, Tree], Any]
Job: TypeAlias = Callable[[Entries], Finish]


@dataclass(frozen=True)
class Admitted:
    """What a host hears of its statement."""

    is_new: bool
    receipt: Receipt


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
        head = log.head(self._connection)
        return [_finished(finish, head, self._tree) for finish in finishes]


def admit(submission: Submission, known_size: int) -> Job:
    """Return the job that places a verified statement in its host's chain."""

    def job(entries: Entries) -> Finish:
        head, index = _head(entries, submission)
        placed = admission.place(submission, head)  # 7
        if placed is Place.FORK:
            _record_fork(entries, submission, head)
        elif placed is not Place.HERE:
            index = _keep(entries, submission, moves_head=placed is Place.NEXT)  # 8
        return finish_as(placed, index)

    def finish_as(placed: Place, index: int) -> Finish:
        def finish(head: LogHead, tree: Tree) -> Admitted:
            if placed is Place.FORK:
                raise admission.fork_error(submission)
            receipt = tree.receipt(submission.sha256, index, head, known_size)  # 9
            return Admitted(placed is not Place.HERE, receipt)

        return finish

    return job


def _finished(finish: Finish | InputError, head: LogHead, tree: Tree) -> Any:
    if isinstance(finish, InputError):
        return finish
    try:
        return finish(head, tree)
    except InputError as refusal:
        return refusal


def _head(entries: Entries, submission: Submission) -> tuple[Head, int]:
    """Read the chain under the write lock; the index is that of this very statement, where it is here already."""
    sql = (
        "SELECT CASE k.state WHEN 'revoked' THEN k.state ELSE h.state END, h.last_sequence, h.last_sha256"
        " FROM host h JOIN host_key k ON k.host_id = h.host_id WHERE k.key_id=?"
    )
    execute = entries.connection.execute
    state, sequence, sha256 = execute(sql, (submission.key_id,)).fetchone()
    here = execute("SELECT leaf_index FROM statement WHERE sha256=?", (submission.sha256,)).fetchone()
    held: dict[int, str] = {}
    if submission.sequence <= sequence:
        sql = "SELECT sequence, chain_sha256 FROM statement WHERE host_id=? AND sequence IN (?, ?)"
        held = dict(execute(sql, (submission.host_id, submission.sequence, submission.sequence - 1)))
    links = (held.get(submission.sequence), held.get(submission.sequence - 1))
    head = Head(state, sequence, sha256 or None, here is not None, *links)
    return head, here[0] if here else -1


def _keep(entries: Entries, submission: Submission, moves_head: bool) -> int:
    index = entries.add(
        submission.kind,
        submission.payload,
        submission.envelope_bytes,
        submission.host_id,
        submission.sequence,
        submission.chain_sha256,
        submission.finished_at,
    )
    execute = entries.connection.execute
    rows = [
        (host_id, sha256, collector, zlib.compress(data, PACK_LEVEL))
        for host_id, sha256, collector, data in admission.section_rows(submission)
    ]
    sql = "INSERT INTO section (host_id, sha256, collector, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    entries.connection.executemany(sql, rows)
    if moves_head:
        sql = "UPDATE host SET last_sequence=?, last_sha256=?, last_received_at=? WHERE host_id=?"
        execute(sql, (submission.sequence, submission.chain_sha256, entries.now, submission.host_id))
        if submission.kind == "report":
            _keep_latest(entries, submission)
    return index


def _keep_latest(entries: Entries, submission: Submission) -> None:
    """Make this the report that the host is judged by."""
    sections = statement.digest("".join(sorted(submission.subjects)).encode())
    sql = (
        "UPDATE host SET last_report_sha256=?, last_finished_at=?, clock_offset_ms=?, platform=?, role=?,"
        " sections_sha256=?, fresh_until=? WHERE host_id=?"
    )
    described = (submission.finished_at, submission.clock_offset_ms, submission.platform, submission.role)
    fresh_until = _fresh_until(entries, submission, sections)
    values = (submission.sha256, *described, sections, fresh_until, submission.host_id)
    entries.connection.execute(sql, values)


def _fresh_until(entries: Entries, submission: Submission, sections: str) -> str:
    """Return until when the cached verdicts hold: the same sections, seen again, need no judging."""
    sql = "SELECT sections_sha256, last_finished_at, facts_until, fresh_from, fresh_until FROM host WHERE host_id=?"
    row = entries.connection.execute(sql, (submission.host_id,)).fetchone()
    held_sections, held_finished_at, facts_until, fresh_from, fresh_until = map(str, row)
    if held_sections != sections or not fresh_from <= entries.now < fresh_until:
        return ""
    now, finished_at = canonical.decode_time(entries.now), canonical.decode_time(submission.finished_at)
    if not all(
        freshness.is_fresh(each, now) for each in (canonical.decode_time(held_finished_at), finished_at)
    ):
        return ""
    return min(facts_until, freshness.report_until(finished_at, now))


def _record_fork(entries: Entries, submission: Submission, head: Head) -> None:
    """Keep both sides of a contradiction, say so in the log, and stop listening to the host's key."""
    sql = "INSERT INTO fork_envelope (sha256, host_id, envelope, seen_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    packed = zlib.compress(submission.envelope_bytes, PACK_LEVEL)
    entries.connection.execute(sql, (submission.sha256, submission.host_id, packed, entries.now))
    held = head.held_sha256 or head.sha256
    assert held is not None  # without a chain there is nothing to contradict
    predicate: dict[str, Json] = {
        "host_id": submission.host_id,
        "sequence": submission.sequence,
        "held_sha256": held,
        "shown_sha256": submission.sha256,
        "seen_at": entries.now,
    }
    entries.say("fork", [], predicate, submission.host_id)
    sql = "UPDATE host SET state=?, fresh_until='' WHERE host_id=?"
    entries.connection.execute(sql, (QUARANTINED, submission.host_id))
