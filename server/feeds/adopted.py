"""The feeds that the log has adopted: of each name the newest entry counts."""

import sqlite3
from dataclasses import dataclass

from config import __version__, feed, shipped
from config.canonical import Json
from config.errors import InputError
from config.feed import NAMES, Feed, Feeds
from config.statement import Statement, digest
from server import kept_files
from server.feeds.reading import Reduced
from server.ledger import Entries, of_kind

_LOADED_MAX = 2  # a large one takes 100 MB
_loaded: dict[tuple[str, ...], Feeds] = {}


@dataclass(frozen=True)
class Adopted:
    """A feed's entry in the log."""

    leaf_index: int
    said: Statement

    @property
    def sha256(self) -> str:
        """The digest of the feed's bytes."""
        return self.said.subjects[0].sha256

    @property
    def published_at(self) -> str:
        """When the feed was published."""
        return str(self.said.predicate["published_at"])


def newest(connection: sqlite3.Connection, size: int | None = None) -> dict[str, Adopted]:
    """Return the entries that count, by the feeds' names, of the log's first `size` ones."""
    found = {
        str(said.predicate["name"]): Adopted(index, said) for index, said in of_kind(connection, "feed", size)
    }
    return {name: found[name] for name in NAMES if name in found}


def files(connection: sqlite3.Connection, size: int | None = None) -> dict[str, bytes]:
    """Return their files by name, as bundles hold them."""
    return {
        f"{name}.json": kept_files.read(connection, own.sha256)
        for name, own in newest(connection, size).items()
    }


def feeds(connection: sqlite3.Connection, size: int | None = None) -> Feeds:
    """Return the feeds in force; each set is loaded once a process, since a large one takes seconds."""
    held = newest(connection, size)
    key = tuple(own.sha256 for own in held.values())
    found = _loaded.get(key)
    if found is None:
        read = {name: feed.read(name, kept_files.read(connection, own.sha256)) for name, own in held.items()}
        found = Feeds(**read)
        if len(_loaded) >= _LOADED_MAX:
            _loaded.pop(next(iter(_loaded)))
        _loaded[key] = found
    return found


def offered(connection: sqlite3.Connection) -> list[Feed]:
    """Return what the package ships and the log lacks, or has older."""
    held = newest(connection)
    return [
        each
        for each in shipped.feeds()
        if each.name not in held or held[each.name].published_at < each.published_at
    ]


def adopt_shipped(entries: Entries, own: Feed) -> None:
    """Adopt a feed that the package ships; it is its own source."""
    data = shipped.feed_files()[f"{own.name}.json"]
    version = f"{own.published_at[:10]}, shipped with {__version__}"
    _say(entries, Reduced(own.name, version, own.published_at, data, ""), own.digest)


def adopt(
    entries: Entries, reduced: Reduced, source_sha256: str, may_be_older: bool = False
) -> Adopted | None:
    """Adopt a feed, and return its entry; None where the very same is in force.

    The feed must have been read (`config.feed.read`), before the write lock is taken: a large one takes seconds. All
    verdicts are due then. InputError ``feed_older`` where the one in force was published later.
    """
    held = newest(entries.connection).get(reduced.name)
    if held and held.sha256 == digest(reduced.data):
        return None
    if held and held.published_at > reduced.published_at and not may_be_older:
        raise InputError(
            "feed_older",
            f"This {reduced.name} was published {reduced.published_at}, the one in force {held.published_at}: "
            "holes that were published in between would be forgotten.",
            "Download it again; or say --older if the newer one is wrong.",
        )
    return _say(entries, reduced, source_sha256)


def _say(entries: Entries, reduced: Reduced, source_sha256: str) -> Adopted:
    said: dict[str, Json] = {
        "name": reduced.name,
        "version": reduced.version,
        "published_at": reduced.published_at,
        "source_sha256": source_sha256,
        "adopted_at": entries.now,
    }
    kept = kept_files.keep(entries, "feed", {f"{reduced.name}.json": reduced.data}, said)
    entries.connection.execute("UPDATE host SET fresh_until=''")
    return Adopted(kept.leaf_index, kept.said)
