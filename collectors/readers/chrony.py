"""The servers that chronyd is set up with (chrony.conf(5)): its file, what that includes, and folders of sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from collectors.door import Host, Unseen, glob

FILES: Final = ("/etc/chrony/chrony.conf", "/etc/chrony.conf")
_INCLUDES_MAX: Final = 10
_SOURCES: Final = ("server", "pool", "peer", "refclock")


def servers(host: Host) -> tuple[list[str], list[str]]:
    """Servers, pools, peers and reference clocks, and the files that were read."""
    found: list[str] = []
    files: list[str] = []
    for path in [path for path in FILES if host.exists(path)][:1]:
        _read(host, path, 0, found, files)
    return found, files


def _read(host: Host, path: str, depth: int, found: list[str], files: list[str]) -> None:
    if depth > _INCLUDES_MAX:
        raise Unseen("malformed", path, "includes nested too deep")
    files.append(path)
    for word, values in _lines(host.text(path)):
        if word in _SOURCES:
            found += values[:1]
        elif word == "include":
            for one in values[:1]:
                for included in glob(host, one):
                    _read(host, included, depth + 1, found, files)
        elif word == "confdir":
            for included in _laid_over(host, values, "*.conf"):
                _read(host, included, depth + 1, found, files)
        elif word == "sourcedir":
            for included in _laid_over(host, values, "*.sources"):
                files.append(included)
                # A last line that no newline ends is none there.
                whole = host.text(included).rpartition("\n")[0]
                found += [given[0] for kind, given in _lines(whole) if kind in _SOURCES and given]


def _lines(text: str) -> Iterator[tuple[str, list[str]]]:
    """The directives, in small letters, with their values."""
    for line in text.splitlines():
        words = line.split()
        if words and words[0][0] not in "!;#%":
            yield words[0].lower(), words[1:]


def _laid_over(host: Host, folders: list[str], pattern: str) -> list[str]:
    """The files of several folders in the order of their names; of namesakes the first folder's counts."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in glob(host, f"{folder.rstrip('/')}/{pattern}"):
            found.setdefault(path.rpartition("/")[2], path)
    return [path for _, path in sorted(found.items())]
