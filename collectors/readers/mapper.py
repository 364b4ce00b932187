"""What the device mapper's tables say of a mapped device (dmsetup(8), crypt target), keys left out.

A device with dm-crypt's uuid may still write plain bytes: with the cipher "null", or in a part that is not encrypted
yet. Only root may ask; where that cannot be seen, nobody knows.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Host, Unseen
from collectors.readers.once import once

TABLE: Final = ("dmsetup", "table")


def is_encrypted(host: Host, name: str) -> bool:
    """Whether every segment of a mapped device is a dm-crypt one with a real cipher. Raises `Unseen`."""
    segments = once(host, _tables).get(name)
    if not segments:
        raise Unseen("malformed", " ".join(TABLE), f"no table of {name}")
    return all(kind == "crypt" and "null" not in cipher for kind, cipher in segments)


def _tables(host: Host) -> dict[str, list[tuple[str, str]]]:
    return parse(host.run(TABLE).text)


def parse(text: str) -> dict[str, list[tuple[str, str]]]:
    """Each device's segments as target and first argument: `root: 0 976 crypt aes-xts-plain64 … 8:3 32768`."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        name, colon, rest = line.rpartition(": ")
        words = rest.split()
        if colon and len(words) >= 3 and words[0].isdecimal():
            found.setdefault(name, []).append((words[2], words[3] if len(words) > 3 else ""))
    return found
