"""Settings of systemd's own daemons (systemd.syntax(7)): a main file, overlaid by drop-ins.

Drop-ins of all folders are read in the order of their names; of two with one name, the folder that stands
first hides the other, and an empty file or a link to /dev/null hides it altogether. A later value wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from collectors.door import Host
from collectors.readers import overlay

FOLDERS: Final = (
    "/etc/systemd",
    "/run/systemd",
    "/usr/local/lib/systemd",
    "/usr/lib/systemd",
    "/lib/systemd",
)


def settings(host: Host, name: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The values of e.g. "journald.conf" by key, and the files that were read. Empty where there is none."""
    files = [path for path in (f"{folder}/{name}" for folder in FOLDERS) if host.exists(path)][:1]
    drop_ins: dict[str, str] = {}
    for folder in FOLDERS:
        for found in overlay.names(host, f"{folder}/{name}.d"):
            if found.endswith(".conf"):
                drop_ins.setdefault(found, f"{folder}/{name}.d/{found}")
    files += [path for _, path in sorted(drop_ins.items())]
    values: dict[str, str] = {}
    for path in files:
        values |= parse(overlay.text(host, path))
    return values, tuple(files)


def parse(text: str) -> dict[str, str]:
    """The assignments of one file, whatever their section."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key and key[0] not in "#;[":
            found[key.strip()] = value.strip()
    return found
