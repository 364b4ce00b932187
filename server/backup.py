"""A consistent copy of the home folder while the server runs.

Restoring is putting the copy in the home's place. Agents that know a longer log than the copy's raise their alarm
then, and rightly: what was admitted since is lost.
"""

import sqlite3
import tempfile
from pathlib import Path

from config.errors import InputError
from server import database, home
from server.home import Home

_STEP_PAGES = 2048


def write(source: Home, folder: Path) -> Home:
    """Copy a home to a folder that is not there yet; InputError ``backup_exists`` or ``disk_full``.

    The copy has the private keys in it: it is made readable by its owner only.
    """
    if folder.exists():
        raise InputError("backup_exists", f"{folder} is already there; nothing was changed.")
    copy = Home(Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent)))
    try:
        for path in sorted(source.folder.rglob("*")):
            if path.is_file() and not path.name.startswith(source.database.name):
                target = copy.folder / path.relative_to(source.folder)
                target.parent.mkdir(mode=0o700, exist_ok=True)
                home.write_private(target, path.read_bytes())
        _copy_database(source, copy)
    except BaseException:
        home.drop(copy)
        raise
    copy.folder.rename(folder)
    home.sync_folder(folder.absolute().parent)
    return Home(folder)


def _copy_database(source: Home, copy: Home) -> None:
    """SQLite's own online copy: as of one moment, begun anew when something is written meanwhile."""
    reading = database.connect(source.database)
    copy.database.touch(mode=0o600)
    writing = sqlite3.connect(copy.database)
    try:
        # The read transaction holds the moment still; in write-ahead mode it stops no writer.
        with database.reading(reading):
            reading.execute("SELECT 1 FROM log_state").fetchone()
            reading.backup(writing, pages=_STEP_PAGES)
        if writing.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise InputError(
                "backup_damaged", "The copy of the database does not check out; nothing was written."
            )
        writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise database.named(error) from error
    finally:
        writing.close()
        reading.close()
