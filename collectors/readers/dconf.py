"""GNOME settings by the files that set them: schema overrides, system databases of dconf(7), locks.

Keyfiles count where `dconf update` compiled them; a database that is older than they are does not hold them
yet. What users keep in their own database is binary: only whether a name stands in it is looked at.
"""

from __future__ import annotations

import configparser
import re
from typing import Final

from collectors.door import Host, Unseen, glob

PROFILE: Final = "/etc/dconf/profile/user"
OVERRIDES: Final = "/usr/share/glib-2.0/schemas/*.gschema.override"


def value(host: Host, path: str, key: str, default: str) -> tuple[str, str]:
    """The value of `key` below `org/gnome/…`, as GVariant text without its type, and where it stands."""
    found = (default, "GNOME default")
    for override in glob(host, OVERRIDES):
        for section, options in _keyfile(host, override):
            if section.split(":")[0].replace(".", "/") == path and key in options:
                found = (_plain(options[key]), override)
    for database in reversed(databases(host)):
        for keyfile in glob(host, f"{database}.d/*"):
            if host.stat(keyfile).kind != "file" or not _compiled(host, database, keyfile):
                continue
            for section, options in _keyfile(host, keyfile):
                if section == path and key in options:
                    found = (_plain(options[key]), keyfile)
    return found


def locked(host: Host, path: str, key: str) -> bool:
    """Whether a lock of a system database forbids users to change a key."""
    wanted = f"/{path}/{key}"
    folders = [f"{database}.d/locks/*" for database in databases(host)]
    files = [one for folder in folders for one in glob(host, folder)]
    return any(wanted in host.text(one).split() for one in files)


def databases(host: Host) -> list[str]:
    """The system databases of the profile `user`, the first one over the others; [] without the profile."""
    try:
        lines = host.text(PROFILE).splitlines()
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return []
        raise
    named = [
        line.strip().removeprefix("system-db:") for line in lines if line.strip().startswith("system-db:")
    ]
    return [f"/etc/dconf/db/{name}" for name in named]


def _compiled(host: Host, database: str, keyfile: str) -> bool:
    try:
        return host.stat(database).modified_at >= host.stat(keyfile).modified_at
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return False
        raise


def _keyfile(host: Host, path: str) -> list[tuple[str, dict[str, str]]]:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(host.text(path))
    except configparser.Error:
        raise Unseen("malformed", path) from None
    return [(name, dict(parser.items(name))) for name in parser.sections()]


def _plain(text: str) -> str:
    return re.sub(r"^u?int\d+\s+", "", text.strip().strip("'\""))
