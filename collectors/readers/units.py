"""Units that start at boot, told from systemd's own files (systemd.unit(5)), so that a root can answer too.

Enabled: some target's .wants or .requires folder links to it. Masked: a link to /dev/null, or an empty file,
stands before the vendor's unit. On a host without a native unit the SysV start links of its name count.
Whether something runs is another question: `readers.processes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.once import once

FOLDERS: Final = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_START_FOLDERS: Final = ("/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/runlevels/default")
_START_LINK: Final = re.compile(r"(?:S\d\d)?(\S+)")


@dataclass(frozen=True)
class Unit:
    """One unit. `source` names the file or link that decided."""

    name: str
    present: bool
    enabled: bool
    masked: bool
    source: str

    @property
    def starts(self) -> bool:
        """Whether it is started at boot."""
        return self.present and self.enabled and not self.masked


@dataclass(frozen=True)
class _Index:
    """Unit name to: its file, the link that wants it, its SysV start link."""

    files: Mapping[str, str]
    wanted: Mapping[str, str]
    started: Mapping[str, str]


def unit(host: Host, name: str) -> Unit:
    """What is known of a unit such as "ssh.service" or "apt-daily.timer"."""
    index = once(host, _index)
    path, link = file(host, name), index.wanted.get(name)
    if path is None:
        started = index.started.get(name.removesuffix(".service"))
        return Unit(name, started is not None, started is not None, False, started or FOLDERS[0])
    if _masks(host, path):
        return Unit(name, True, link is not None, True, path)
    return Unit(name, True, link is not None, False, link or path)


def file(host: Host, name: str) -> str | None:
    """The path of a unit's file, the one that counts."""
    index = once(host, _index)
    return index.files.get(name) or index.files.get(_template(name))


def starting(host: Host, *names: str) -> Unit | None:
    """The first of these units that starts at boot, or None."""
    return next((found for found in (unit(host, name) for name in names) if found.starts), None)


def matching(host: Host, pattern: str) -> list[str]:
    """Names of units that are wanted at boot and match a regular expression, sorted: template instances."""
    return sorted(name for name in once(host, _index).wanted if re.fullmatch(pattern, name))


def _template(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem.split('@')[0]}@.{kind}" if "@" in stem else name


def _masks(host: Host, path: str) -> bool:
    """Whether a unit file is a mask. A link that leads nowhere starts nothing either: a root has no /dev."""
    try:
        seen = host.stat(path)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return True
        raise
    return seen.kind == "other" or (seen.kind == "file" and seen.size == 0)


def _index(host: Host) -> _Index:
    files: dict[str, str] = {}
    wanted: dict[str, str] = {}
    started: dict[str, str] = {}
    for folder in FOLDERS:
        for name in _names(host, folder):
            if name.endswith((".wants", ".requires")):
                for link in _names(host, f"{folder}/{name}"):
                    wanted.setdefault(link, f"{folder}/{name}/{link}")
            else:
                files.setdefault(name, f"{folder}/{name}")
    for folder in _START_FOLDERS:
        for name in _names(host, folder):
            match = _START_LINK.fullmatch(name)
            if match and not name.startswith("K"):
                started.setdefault(match[1], f"{folder}/{name}")
    return _Index(files, wanted, started)


def _names(host: Host, folder: str) -> tuple[str, ...]:
    try:
        return host.list(folder)
    except Unseen as unseen:
        if unseen.reason in ("not_found", "malformed"):
            return ()
        raise
