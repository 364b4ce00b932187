"""Settings of systemd's own daemons (systemd.syntax(7)): a main file, overlaid by drop-ins.

Drop-ins of all folders are read in the order of their names; of two with one name, the folder that stands
first hides the other, and an empty file or a link to /dev/null hides it altogether. Which of a key's
values counts is its daemon's to say: most take the last that is valid, lists grow.
"""

from __future__ import annotations

import re
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


def settings(host: Host, name: str, section: str) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
    """All values of e.g. "journald.conf" by key, in their order, and the files read. Empty where there is none."""
    files = [path for path in (f"{folder}/{name}" for folder in FOLDERS) if host.exists(path)][:1]
    drop_ins: dict[str, str] = {}
    for folder in FOLDERS:
        for found in overlay.names(host, f"{folder}/{name}.d"):
            if found.endswith(".conf") and not found.startswith("."):
                drop_ins.setdefault(found, f"{folder}/{name}.d/{found}")
    files += [path for _, path in sorted(drop_ins.items())]
    values: dict[str, tuple[str, ...]] = {}
    for path in files:
        for key, value in parse(overlay.text(host, path), section):
            values[key] = (*values.get(key, ()), value)
    return values, tuple(files)


def parse(text: str, section: str) -> list[tuple[str, str]]:
    """The assignments of one section of a file; a backslash at its end joins a line with the next."""
    found, here = [], ""
    for line in map(str.strip, _joined(text).splitlines()):
        key, equals, value = line.partition("=")
        if line.startswith("["):
            here = line
        elif equals and here == f"[{section}]" and key:
            found.append((key.strip(), value.strip()))
    return found


def _joined(text: str) -> str:
    """Remarks are left out first: they end no joined line, and are none that can be joined."""
    return re.sub(r"\\\r?\n", " ", re.sub(r"^[ \t]*[#;].*\n?", "", text, flags=re.MULTILINE))
