"""Placing a verified statement in its subject's chain: admission's steps 7 to 9, inside the writer's transaction."""

import zlib
from dataclasses import dataclass

from config import canonical
from config.canonical import Json
from config.receipt import Receipt
from server import admission, freshness, hosts
from server.admission import QUARANTINED, Head, Place, Submission
from server.ledger import PACK_LEVEL, Entries
from server.log import LogHead, Tree
from server.writer import Finish, Job


@dataclass(frozen=True)
class Admitted:
    """What a host hears of its statement."""

    is_new: bool
    receipt: Receipt


@dataclass(frozen=True)
class _Held:
    """A subject's row, as far as the next statement depends on it; what was never reported on has an empty one."""

    state: str
    sequence: int
    sha256: str
    sections_sha256: str
    observed_at: str
    facts_until: str
    fresh_from: str
    fresh_until: str


def admit(submission: Submission, known_size: int) -> Job:
    """Return the writer's job that places a statement; its answer is `Admitted`, or the refusal."""

    def job(entries: Entries) -> Finish:
        held, head, index = _read(entries, submission)
        placed = admission.place(submission, head)  # 7
        if placed is Place.FORK:
            _record_fork(entries, submission, head)
        elif placed is not Place.HERE:
            if not head.sequence and submission.host_id != submission.observer:
                hosts.observe(entries, submission.host_id, submission.subject_kind, submission.observer)
            index = _keep(entries, submission)  # 8
            if placed is Place.NEXT:
                _move_head(entries, submission, held)

        def finish(log_head: LogHead, tree: Tree) -> Admitted:
            if placed is Place.FORK:
                raise admission.fork_error(submission)
            receipt = tree.receipt(submission.sha256, index, log_head, known_size)  # 9
            return Admitted(placed is not Place.HERE, receipt)

        return finish

    return job


def _read(entries: Entries, submission: Submission) -> tuple[_Held, Head, int]:
    """Read the chain under the write lock; the index is that of this very statement, where it is here already."""
    sql = (
        "SELECT CASE k.state WHEN 'revoked' THEN k.state ELSE o.state END, coalesce(h.last_sequence, 0),"
        " coalesce(h.last_sha256, ''), coalesce(h.sections_sha256, ''), coalesce(h.last_observed_at, ''),"
        " coalesce(h.facts_until, ''), coalesce(h.fresh_from, ''), coalesce(h.fresh_until, '')"
        " FROM host_key k JOIN host o ON o.host_id = k.host_id LEFT JOIN host h ON h.host_id=? WHERE k.key_id=?"
    )
    execute = entries.connection.execute
    held = _Held(*execute(sql, (submission.host_id, submission.key_id)).fetchone())
    here = execute("SELECT leaf_index FROM statement WHERE sha256=?", (submission.sha256,)).fetchone()
    links: dict[int, str] = {}
    if submission.sequence <= held.sequence:
        sql = "SELECT sequence, chain_sha256 FROM statement WHERE host_id=? AND sequence IN (?, ?)"
        links = dict(execute(sql, (submission.host_id, submission.sequence, submission.sequence - 1)))
    told = (links.get(submission.sequence), links.get(submission.sequence - 1))
    head = Head(held.state, held.sequence, held.sha256 or None, here is not None, *told)
    return held, head, here[0] if here else -1


def _keep(entries: Entries, submission: Submission) -> int:
    """Keep a statement and the sections that came with it; return its place in the log."""
    sections = [
        (submission.host_id, sha256, submission.subjects[sha256], len(data), zlib.compress(data, PACK_LEVEL))
        for sha256, data in submission.sections.items()
    ]
    if sections:
        sql = (
            "INSERT INTO section (host_id, sha256, collector, size_bytes, body) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING"
        )
        entries.connection.executemany(sql, sections)
    return entries.add(
        submission.kind,
        submission.payload,
        submission.envelope_bytes,
        submission.host_id,
        submission.sequence,
        submission.chain_sha256,
        submission.finished_at,
    )


def _move_head(entries: Entries, submission: Submission, held: _Held) -> None:
    """Make a statement the chain's head, and a report what the host is judged by."""
    changes: dict[str, str | int | None] = {
        "last_sequence": submission.sequence,
        "last_sha256": submission.chain_sha256,
        "last_received_at": entries.now,
    }
    if submission.kind == "report":
        changes |= {
            "last_report_sha256": submission.sha256,
            "last_finished_at": submission.finished_at,
            "last_observed_at": canonical.encode_time(submission.observed_at),
            "last_heard_at": canonical.encode_time(min(submission.observed_at, entries.moment)),
            "clock_offset_ms": submission.clock_offset_ms,
            "platform": submission.platform,
            "role": submission.role,
            "sections_sha256": submission.sections_sha256,
            "fresh_until": _fresh_until(entries, submission, held),
        }
    columns = ", ".join(f"{name}=?" for name in changes)
    sql = f"UPDATE host SET {columns} WHERE host_id=?"  # noqa: S608
    entries.connection.execute(sql, (*changes.values(), submission.host_id))


def _fresh_until(entries: Entries, submission: Submission, held: _Held) -> str:
    """Return until when the cached verdicts hold: the same sections, seen again, need no judging."""
    same = held.sections_sha256 == submission.sections_sha256
    if not same or not held.fresh_from <= entries.now < held.fresh_until:
        return ""
    seen = (canonical.decode_time(held.observed_at), submission.observed_at)
    if not all(freshness.is_fresh(each, entries.moment) for each in seen):
        return ""
    return min(held.facts_until, freshness.report_until(submission.observed_at, entries.moment))


def _record_fork(entries: Entries, submission: Submission, head: Head) -> None:
    """Keep both sides of a contradiction, say so in the log, and stop listening to the host's key."""
    sql = "INSERT INTO fork_envelope (sha256, host_id, envelope, seen_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    packed = zlib.compress(submission.envelope_bytes, PACK_LEVEL)
    entries.connection.execute(sql, (submission.sha256, submission.host_id, packed, entries.now))
    held = head.held_sha256 or head.sha256
    assert held is not None  # without a chain there is nothing to contradict
    predicate: dict[str, Json] = {
        "host_id": submission.observer,
        "sequence": submission.sequence,
        "held_sha256": held,
        "shown_sha256": submission.sha256,
        "seen_at": entries.now,
    }
    entries.say("fork", [], predicate, submission.observer)
    hosts.change_state(entries.connection, submission.observer, head.state, QUARANTINED)
