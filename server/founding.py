"""Founding a home: keys, certificates, tables, and the first entries of its log."""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from config import canonical
from config.settings import server_settings
from server import adoption, database, home, ledger, log
from server.home import Home
from server.ledger import Entries, Hand


def found(folder: Path, names: Sequence[str], settings: str, now: datetime) -> Home:
    """Make a complete home, or none: with its log begun by the server's keys and the rules adopted.

    InputError ``home_exists``, ``settings_…`` or ``profile_unknown``; nothing is left behind then.
    """
    server_settings(settings.encode())
    made = home.make(folder, names, settings, now)
    try:
        _begin(made, now)
    except BaseException:
        home.drop(made)
        raise
    return home.settle(made, folder)


def default_settings(company: str, public_url: str, origin: str) -> str:
    """Return the text of a fresh `server.toml`; TOML's basic strings are JSON's."""
    lines = [
        "# Boltseal server. Every setting has a default; see the documentation for all of them.",
        f"origin = {json.dumps(origin)}  # the log's name in its checkpoints: never change it",
        f"company = {json.dumps(company, ensure_ascii=False)}",
        f"public_url = {json.dumps(public_url)}",
        'profile = "nist"',
        'mfa_reading = "text"',
    ]
    return "\n".join(lines) + "\n"


def set_up_django(folder: Path | None) -> None:
    """Make Django ready: for a home, or without one to make tables."""
    import django

    if folder is not None:
        os.environ["BOLTSEAL_HOME"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.settings")
    django.setup()


def bring_up_to_date(home: Home) -> None:
    """Add what a newer package wants of the tables; Django must be set up."""
    from server.store import schema

    schema.create(home.database)


def _begin(made: Home, now: datetime) -> None:
    from server.store import schema

    schema.create(made.database)
    hand = ledger.hand(made)
    connection = database.connect(made.database)
    try:
        with database.writing(connection):
            log.begin(connection, hand.log, hand.origin)
        with ledger.entering(connection, hand, now) as entries:
            _say_keys(entries, made, hand)
            adoption.adopt(entries, made.settings())
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _say_keys(entries: Entries, made: Home, hand: Hand) -> None:
    described: dict[str, canonical.Json] = {
        name: {"algorithm": key.algorithm, "spki": canonical.encode_base64(key.spki)}
        for name, key in (("server", hand.server.public), ("bundle", made.key("bundle").public))
    }
    log_key: dict[str, canonical.Json] = {"name": hand.origin, "vkey": hand.vkey}
    entries.say("server_keys", [], {**described, "log": log_key, "issued_at": entries.now})
