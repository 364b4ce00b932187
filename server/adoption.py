"""By which rules the fleet is judged: the catalogue and profile that the log says were adopted, and attested papers.

A newer catalogue comes with the package, but counts only from its entry in the log.
"""

import json
import sqlite3
import zlib
from collections.abc import Mapping

from config import criteria, shipped, statement
from config.attested import Document, Waiver
from config.canonical import Json
from config.criterion import Catalogue
from config.profile import load_profile
from config.rejudge import Rules
from config.settings import ServerSettings
from config.statement import Statement, Subject
from server.ledger import PACK_LEVEL, Entries, of_kind

_LOADED_MAX = 4
_catalogues: dict[str, Catalogue] = {}


def rules(connection: sqlite3.Connection, size: int | None = None) -> Rules:
    """Return the rules in force, or those of the log's first `size` entries."""
    catalogue = _newest(connection, "catalogue", size)
    profile = _newest(connection, "profile", size)
    return Rules(
        _catalogue(connection, catalogue),
        load_profile(_file(connection, profile.subjects[0].sha256)),
        str(profile.predicate["mfa_reading"]),
        tuple(Waiver.from_predicate(said.predicate) for _, said in of_kind(connection, "waiver", size)),
        tuple(Document.from_predicate(said.predicate) for _, said in of_kind(connection, "document", size)),
    )


def adopted_files(connection: sqlite3.Connection, kind: str, size: int | None = None) -> dict[str, bytes]:
    """Return the files, by name, of the ``catalogue`` or ``profile`` adopted last."""
    return {each.name: _file(connection, each.sha256) for each in _newest(connection, kind, size).subjects}


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
    return news


def adopt(entries: Entries, settings: ServerSettings) -> list[str]:
    """Adopt what is pending, each by an entry in the log, and return it in words; all verdicts are due then."""
    news = pending(entries.connection, settings)
    if any(each.startswith("catalogue") for each in news):
        catalogue = shipped.catalogue()
        said: dict[str, Json] = {
            "version": catalogue.version,
            "digest": catalogue.digest,
            "adopted_at": entries.now,
        }
        _keep(entries, "catalogue", catalogue.files, said)
    if any(not each.startswith("catalogue") for each in news):
        profile = shipped.profile(settings.profile)
        said = {"name": profile.name, "digest": profile.digest, "mfa_reading": settings.mfa_reading}
        _keep(entries, "profile", {f"{profile.name}.toml": profile.data}, {**said, "adopted_at": entries.now})
    if news:
        entries.connection.execute("UPDATE host SET fresh_until=''")
    return news


def _keep(entries: Entries, kind: str, files: Mapping[str, bytes], said: Mapping[str, Json]) -> None:
    subjects = [Subject(name, statement.digest(data)) for name, data in sorted(files.items())]
    rows = [(statement.digest(data), zlib.compress(data, PACK_LEVEL)) for data in files.values()]
    sql = "INSERT INTO kept_file (sha256, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
    entries.connection.executemany(sql, rows)
    entries.say(kind, subjects, said)


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


def _file(connection: sqlite3.Connection, sha256: str) -> bytes:
    row = connection.execute("SELECT body FROM kept_file WHERE sha256=?", (sha256,)).fetchone()
    data = zlib.decompress(row[0])
    if statement.digest(data) != sha256:
        raise LookupError(f"the kept file {sha256} was changed: run boltseal-server check")
    return data


def _catalogue(connection: sqlite3.Connection, adopted: Statement) -> Catalogue:
    """Load a catalogue once a process: reading its files costs more than judging a host."""
    digest = json.dumps([[each.name, each.sha256] for each in adopted.subjects])
    found = _catalogues.get(digest)
    if found is None:
        found = criteria.load({each.name: _file(connection, each.sha256) for each in adopted.subjects})
        if len(_catalogues) >= _LOADED_MAX:
            _catalogues.clear()
        _catalogues[digest] = found
    return found
