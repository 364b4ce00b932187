"""The list of known devices for a scan of a network: a file that an administrator carries to the observing host.

Hosts with an agent stand in it by their hardware addresses, since other addresses change; computers of the directories
and what is observed over the network stand by name or address. Each line says where it comes from, and of when.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from config import canonical
from config.rejudge import Rules
from server import expected, latest
from server.console import plain

_HARDWARE = "host.hardware_addresses"
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.ASCII)
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,62})\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SOURCE_MAX = 160


@dataclass(frozen=True)
class KnownDevices:
    """The file's text, and what could not be put into it."""

    text: str
    lines: int
    problems: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of the file: the facts of a scan name it."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def made(connection: sqlite3.Connection, rules: Rules, moment: datetime) -> KnownDevices:
    """Return the list of everything that is known here; what is named twice stands once, by its first source."""
    lines: dict[str, str] = {}
    problems: list[str] = []
    for entries in (
        _agents(connection, moment),
        _listed(connection, rules, moment),
        _observed(connection, moment),
    ):
        for word, source in entries:
            if word:
                lines.setdefault(word, " ".join(plain(source).split())[:_SOURCE_MAX])
            else:
                problems.append(source)
    head = (
        f"# Known devices, made {canonical.encode_time(moment)} by boltseal-server known-devices.\n"
        "# A hardware address, an address or a DNS name on each line; add what is in no directory.\n"
    )
    text = head + "".join(f"{word}  # {source}\n" for word, source in lines.items())
    text += "".join(f"# not listed: {' '.join(plain(each).split())}\n" for each in problems)
    return KnownDevices(text, len(lines), tuple(problems))


def _agents(connection: sqlite3.Connection, moment: datetime) -> Iterator[tuple[str, str]]:
    """The hardware addresses of hosts whose own agents are believed."""
    for source in latest.sources(connection, "host", moment):
        if source.observer:
            continue
        told = latest.told(connection, source, [_HARDWARE])
        reason = source.denied or told.missing.get(_HARDWARE, "")
        for mac in () if reason else told.values[_HARDWARE]:
            if _MAC.fullmatch(mac.lower()):
                yield mac.lower(), f"agent {source.name}, {source.observed_at}"
        if reason:
            yield "", f"agent {source.name}: its hardware addresses are not known ({reason})"


def _listed(connection: sqlite3.Connection, rules: Rules, moment: datetime) -> Iterator[tuple[str, str]]:
    """The computers that directories expect, by their DNS names."""
    listed = expected.listed(connection, rules, moment)
    for directory in listed.directories:
        if directory.problem:
            yield "", f"directory {directory.name}: its computers are not known ({directory.problem})"
    for each in sorted(listed.computers, key=lambda each: each.dns_name.lower()):
        name = each.dns_name.lower().rstrip(".")
        if _NAME.fullmatch(name):
            yield name, f"directory {each.directory}, {each.observed_at}"
        else:
            yield "", f"computer {each.name} of {each.directory}: it has no DNS name"


def _observed(connection: sqlite3.Connection, moment: datetime) -> Iterator[tuple[str, str]]:
    """Devices and hosts that are observed: by hardware address where it is told, else by where they are observed."""
    for kind in ("device", "host"):
        for source in latest.sources(connection, kind, moment):
            if not source.observer or source.doubt == latest.NEVER:
                continue
            if source.denied:
                yield "", f"{kind} {source.name}: {source.denied}"
                continue
            told = f"{kind} {source.name}, observed {source.observed_at}"
            macs = latest.told(connection, source, [_HARDWARE]).values.get(_HARDWARE, ())
            words = [mac.lower() for mac in macs if _MAC.fullmatch(mac.lower())] or [
                _place(source.name.lower())
            ]
            for word in words:
                yield word, told if word else f"{told}: its name is neither an address nor a DNS name"


def _place(name: str) -> str:
    """An address or a DNS name; empty where a name is neither."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name if _NAME.fullmatch(name) else ""
