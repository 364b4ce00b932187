"""By which rules the fleet is judged: catalogue, profile and feeds that the log says were adopted, and attested papers.

A newer catalogue comes with the package, but counts only from its entry in the log.
"""

import json
import sqlite3

from config import criteria, shipped
from config.attested import Document, Waiver
from config.canonical import Json
from config.criterion import Catalogue
from config.feed import Feed
from config.profile import load_profile
from config.rejudge import Rules
from config.settings import ServerSettings
from config.statement import Statement
from server import kept_files
from server.feeds import adopted
from server.ledger import Entries, of_kind

_LOADED_MAX = 4
_catalogues: dict[str, Catalogue] = {}


def rules(connection: sqlite3.Connection, size: int | None = None) -> Rules:
    """Return the rules in force, or those of the log's first `size` entries."""
    catalogue = _newest(connection, "catalogue", size)
    profile = _newest(connection, "profile", size)
    return Rules(
        _catalogue(connection, catalogue),
        load_profile(kept_files.read(connection, profile.subjects[0].sha256)),
        str(profile.predicate["mfa_reading"]),
        tuple(Waiver.from_predicate(said.predicate) for _, said in of_kind(connection, "waiver", size)),
        tuple(Document.from_predicate(said.predicate) for _, said in of_kind(connection, "document", size)),
        adopted.feeds(connection, size),
    )


def adopted_files(connection: sqlite3.Connection, kind: str, size: int | None = None) -> dict[str, bytes]:
    """Return the files, by name, of the ``catalogue`` or ``profile`` adopted last."""
    return {
        each.name: kept_files.read(connection, each.sha256)
        for each in _newest(connection, kind, size).subjects
    }


def pending(connection: sqlite3.Connection, settings: ServerSettings) -> list[str]:
    """Return in words what the package or the settings offer and the log has not adopted; empty when nothing."""
    news: list[str] = []
    offered = shipped.catalogue()
    if _digest(connection, "catalogue") != offered.digest:
        news.append(f"catalogue {offered.version}")
    profile = shipped.profile(settings.profile)
    held = _held(connection, "profile")
    if held is None or held.predicate["digest"] != profile.digest:
        news.append(f"profile {profile.name}")
    elif held.predicate["mfa_reading"] != settings.mfa_reading:
        news.append(f"MFA as {settings.mfa_reading} has it")
    return news + [_feed_words(each) for each in adopted.offered(connection)]


def adopt(entries: Entries, settings: ServerSettings) -> list[str]:
    """Adopt what is pending, each by an entry in the log, and return it in words; all verdicts are due then."""
    news = pending(entries.connection, settings)
    feeds = {_feed_words(each): each for each in adopted.offered(entries.connection)}
    if any(each.startswith("catalogue") for each in news):
        catalogue = shipped.catalogue()
        said: dict[str, Json] = {
            "version": catalogue.version,
            "digest": catalogue.digest,
            "adopted_at": entries.now,
        }
        kept_files.keep(entries, "catalogue", catalogue.files, said)
    if any(not each.startswith("catalogue") and each not in feeds for each in news):
        profile = shipped.profile(settings.profile)
        said = {"name": profile.name, "digest": profile.digest, "mfa_reading": settings.mfa_reading}
        files = {f"{profile.name}.toml": profile.data}
        kept_files.keep(entries, "profile", files, {**said, "adopted_at": entries.now})
    for each in feeds.values():
        adopted.adopt_shipped(entries, each)
    if news:
        entries.connection.execute("UPDATE host SET fresh_until=''")
    return news


def _feed_words(offered: Feed) -> str:
    return f"feed {offered.name} of {offered.published_at[:10]}"


def _held(connection: sqlite3.Connection, kind: str, size: int | None = None) -> Statement | None:
    return max(of_kind(connection, kind, size), key=lambda each: each[0], default=(0, None))[1]


def _newest(connection: sqlite3.Connection, kind: str, size: int | None = None) -> Statement:
    held = _held(connection, kind, size)
    if held is None:
        raise LookupError(f"the log has no {kind}: it is the log of no complete home")
    return held


def _digest(connection: sqlite3.Connection, kind: str) -> Json:
    held = _held(connection, kind)
    return held.predicate["digest"] if held else None


def _catalogue(connection: sqlite3.Connection, adopted: Statement) -> Catalogue:
    """Load a catalogue once a process: reading its files costs more than judging a host."""
    digest = json.dumps([[each.name, each.sha256] for each in adopted.subjects])
    found = _catalogues.get(digest)
    if found is None:
        found = criteria.load(
            {each.name: kept_files.read(connection, each.sha256) for each in adopted.subjects}
        )
        if len(_catalogues) >= _LOADED_MAX:
            _catalogues.clear()
        _catalogues[digest] = found
    return found
