"""AIDE's configuration (aide.conf(5)): where its database of good states lies, and whether it watches anything."""

from __future__ import annotations

import re
from typing import Final
from zlib import MAX_WBITS, decompressobj, error

from collectors.door import Host, glob

SETTINGS: Final = ("/etc/aide/aide.conf", "/etc/aide.conf")
FOLDER: Final = "/etc/aide/aide.conf.d/*"
DATABASES: Final = ("/var/lib/aide/aide.db", "/var/lib/aide/aide.db.gz")
CHECKS: Final = ("dailyaidecheck", "aide", "aide.wrapper")
"""What a timer or cron starts to compare, as Debian and as administrators call it."""
NO_CHECK: Final = re.compile(r"(?:^|\s)(?:--init|-i|--config-check|-D|--version)(?:\s|$)")

_LINE: Final = re.compile(
    r"^[ \t]*(?:@@define[ \t]+(\S+)[ \t]+(\S.*)|database(?:_in)?[ \t]*=[ \t]*file:(\S+)[ \t]*)$", re.MULTILINE
)
_MACRO: Final = re.compile(r"@@\{([^}\n]*)\}")
_GZIP: Final = MAX_WBITS | 16
_PATH_MAX: Final = 4096
_SELECTION: Final = re.compile(r"^[ \t]*=?(?:/|@@\{)", re.MULTILINE)


def databases(host: Host) -> tuple[str, ...]:
    """The paths of the database that is compared with, macros resolved; else where distributions put it."""
    for path in SETTINGS:
        if host.exists(path) and (named := database(host.text(path))):
            return tuple(named)
    return DATABASES


def database(text: str) -> list[str]:
    """The `database_in=file:…` of a configuration."""
    macros: dict[str, str] = {}
    found = []
    for name, value, path in _LINE.findall(text):
        whole = _MACRO.sub(lambda match: macros.get(match[1], ""), value or path)[:_PATH_MAX].strip()
        if name:
            macros[name] = whole
        elif whole.startswith("/"):
            found.append(whole)
    return found


def begins(data: bytes) -> bool:
    """Whether these are a database's first bytes, plain or packed (gzip_dbout)."""
    try:
        plain = decompressobj(_GZIP).decompress(data, _PATH_MAX) if data.startswith(b"\x1f\x8b") else data
    except error:
        return False
    return plain.startswith(b"@@begin_db")


def watches(host: Host) -> bool:
    """Whether a configuration that can be found selects any file: `aide --init` is content without."""
    paths = [path for path in SETTINGS if host.exists(path)]
    return not paths or bool(glob(host, FOLDER)) or any(_SELECTION.search(host.text(path)) for path in paths)
