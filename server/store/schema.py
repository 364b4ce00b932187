"""Making the tables of a database file, apart from the process's own Django database."""

import sqlite3
from pathlib import Path

from django.core.management import call_command
from django.db import connections

PAGE_BYTES = 8192
_ALIAS = "made"


def create(path: Path) -> None:
    """Make the file, write-ahead logged and with 8 KiB pages, and bring its tables up to date.

    Django must be set up. An existing file is only brought up to date.
    """
    made = sqlite3.connect(path)
    # The page size counts only before the first page is written.
    made.execute(f"PRAGMA page_size={PAGE_BYTES}")
    made.execute("PRAGMA journal_mode=WAL")
    made.close()
    path.chmod(0o600)
    connections.settings[_ALIAS] = {**connections.settings["default"], "NAME": str(path)}
    try:
        call_command("migrate", database=_ALIAS, verbosity=0, interactive=False)
    finally:
        connections[_ALIAS].close()
        del connections[_ALIAS]
        del connections.settings[_ALIAS]
