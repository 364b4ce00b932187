"""Writing a bundle: what the log says up to a moment, with the verdicts as that moment has them.

The statements are told again by `config.replay`, exactly as the auditor's check does it, so that the two cannot part.
A bundle for a moment in the past holds the log as it was then: exported again it is the same to the byte.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config import bundle, canonical, checkpoint, envelope, merkle, rejudge, section
from config.bundle import BundleParts
from config.checkpoint import Checkpoint
from config.errors import InputError
from config.rejudge import Rules
from config.replay import Host, Replay
from config.verdict import Verdict
from server import adoption, database, home, ledger, log, rendering, verdicts
from server.feeds import adopted
from server.home import Home
from server.ledger import Hand
from server.log import Tree

_WHOLE = "all hosts, whole chains, sections of the latest reports"
_LATEST = "all hosts, latest reports only"


@dataclass(frozen=True)
class Exported:
    """A bundle and what is in it."""

    data: bytes
    moment: str
    tree_size: int
    hosts: int
    observed: int  # subjects that hosts observe
    reports: int
    server_key_id: str


class _Envelopes(Mapping[int, bytes]):
    """Envelopes by their place in the log, read one at a time."""

    def __init__(self, connection: sqlite3.Connection, places: Mapping[int, str]) -> None:
        self._connection = connection
        self._places = places

    def __getitem__(self, index: int) -> bytes:
        sql = "SELECT envelope FROM statement WHERE leaf_index=?"
        return zlib.decompress(self._connection.execute(sql, (index,)).fetchone()[0])

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class _Sections(Mapping[str, list[bytes]]):
    """The sections of each subject's latest report, read one subject at a time."""

    def __init__(self, connection: sqlite3.Connection, hosts: Mapping[str, Host]) -> None:
        self._connection = connection
        self._hosts = {name: host.report for name, host in hosts.items() if host.report is not None}

    def __getitem__(self, host_id: str) -> list[bytes]:
        digests = [each.sha256 for each in self._hosts[host_id].subjects]
        return verdicts.kept_sections(self._connection, host_id, digests)

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosts)

    def __len__(self) -> int:
        return len(self._hosts)


def build(
    home: Home, connection: sqlite3.Connection, moment: datetime, latest_only: bool = False
) -> Exported:
    """Return the bundle of a moment; it tells of the log's entries up to then, and is judged as of then.

    InputError ``bundle_too_large``, or ``moment_too_early`` before the log began.
    """
    hand = ledger.hand(home)
    with database.reading(connection):
        size = _size(connection, moment)
        places = _places(connection, size, latest_only)
        envelopes = _Envelopes(connection, places)
        told = Replay(hand.server.public)
        for index, kind in places.items():
            if kind != "server_keys":
                told.take(kind, envelope.decode(envelopes[index]))
        sections = _Sections(connection, told.hosts)
        rules = adoption.rules(connection, size)
        judged = {name: _judge(name, host, sections, rules, moment) for name, host in told.hosts.items()}
        tree = Tree(connection)
        parts = BundleParts(
            statements=envelopes,
            sections=sections,
            verdicts=judged,
            catalogue=adoption.adopted_files(connection, "catalogue", size),
            profile=adoption.adopted_files(connection, "profile", size),
            feeds=adopted.files(connection, size),
            checkpoint=_checkpoint(connection, hand, tree, size),
            proofs={index: merkle.inclusion_proof(index, size, tree.node) for index in places},
            renderings=rendering.files(told.hosts, judged, rules, moment, hand.server.public.key_id),
            server_key_id=hand.server.public.key_id,
            tree_size=size,
            moment=moment,
            created_at=moment,
            company=home.settings().company or None,
            scope=_LATEST if latest_only else _WHOLE,
        )
        data = bundle.build(parts, home.key("bundle"))
    reports = sum(kind == "report" for kind in places.values())
    text = canonical.encode_time(moment)
    hosts = sum(host.observer is None for host in told.hosts.values())
    counted = (hosts, len(told.hosts) - hosts, reports)
    return Exported(data, text, size, *counted, hand.server.public.key_id)


def write(
    home_: Home, connection: sqlite3.Connection, out: Path, at: str | None, latest_only: bool
) -> Exported:
    """Write a bundle to a file, whole or not at all; InputError as `build`, or ``wrong_time``."""
    moment = datetime.now(UTC).replace(microsecond=0) if at is None else canonical.decode_time(at)
    exported = build(home_, connection, moment, latest_only)
    home.write_private(out, exported.data)
    return exported


def _size(connection: sqlite3.Connection, moment: datetime) -> int:
    """How long the log was: the entries before the first that came later than the moment."""
    sql = "SELECT min(leaf_index) FROM statement WHERE received_at > ?"
    later = connection.execute(sql, (canonical.encode_time(moment),)).fetchone()[0]
    if later == 0:
        raise InputError("moment_too_early", "The log began later than that.")
    return log.head(connection).size if later is None else int(later)


def _places(connection: sqlite3.Connection, size: int, latest_only: bool) -> dict[int, str]:
    """Return the kinds of the statements that go in, by their place in the log and in its order."""
    sql = "SELECT leaf_index, kind FROM statement s WHERE leaf_index < ?"
    if latest_only:
        # What a host said from its latest report on: a loss may have come after it.
        sql += (
            " AND (kind NOT IN ('report', 'loss') OR sequence >= (SELECT max(sequence) FROM statement l"
            " WHERE l.host_id = s.host_id AND l.kind='report' AND l.leaf_index < ?))"
        )
    values = (size, size) if latest_only else (size,)
    return dict(connection.execute(sql + " ORDER BY leaf_index", values).fetchall())


def _judge(name: str, host: Host, sections: _Sections, rules: Rules, moment: datetime) -> tuple[Verdict, ...]:
    opened = map(section.decode, sections[name]) if name in sections else ()
    return rejudge.verdicts(rejudge.evidence(name, host.report, opened, moment), host.state, rules, moment)


def _checkpoint(connection: sqlite3.Connection, hand: Hand, tree: Tree, size: int) -> bytes:
    """Return the newest head, with all its signatures, or the head of the log as it was, signed now."""
    head = log.head(connection)
    if size == head.size:
        return head.note.encode()
    return checkpoint.sign(Checkpoint(hand.origin, size, merkle.root(size, tree.node)), hand.log)
