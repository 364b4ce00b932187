"""os-release(5): which operating system this is."""

from __future__ import annotations

from collections.abc import Mapping

from collectors.door import Host, first
from collectors.readers import shell_words

PATHS = ("/etc/os-release", "/usr/lib/os-release")


def read(host: Host) -> tuple[Mapping[str, str], str]:
    """The assignments of the os-release file that counts, and its path. Raises `Unseen`."""
    path = first(host, *PATHS)
    return parse(host.text(path)), path


def parse(text: str) -> dict[str, str]:
    """Assignments with shell quoting undone; lines that are none are left out, as readers of the file do."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or not name.isidentifier():
            continue
        try:
            words = shell_words.split(value)
        except ValueError:
            continue
        found[name] = words[0] if words else ""
    return found
