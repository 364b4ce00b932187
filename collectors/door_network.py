"""The door to a network: what nmap found in the company's own ranges, and what the owner declared of them.

Nothing is looked at through this door that was not declared with an owner, and the looking is over before the
first collector asks: a scan takes minutes. What could not be looked at is an `Unseen`, as at every door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from collectors.door import Door


@dataclass(frozen=True)
class Device:
    """One device that the company knows: by address, by hardware address, by both together, or by its DNS name."""

    address: str = ""
    mac: str = ""
    """Lower case with colons. Where both are given, both must fit: another device at its address is a stranger."""
    name: str = ""
    """In DNS. With an address, it is what the name led to; alone, the answer did not come in time or was none."""
    source: str = ""
    """Where the entry comes from, as the list says it."""

    @property
    def entry(self) -> str:
        """The words of the list."""
        return self.name or " ".join(filter(None, (self.address, self.mac)))


@dataclass(frozen=True)
class Declared:
    """What the company declares to be its own, checked by `readers.network_range`."""

    ranges: tuple[str, ...]
    owner: str
    excluded: tuple[str, ...] = ()
    allowed: frozenset[tuple[str, int]] = frozenset()
    """Services that are meant to be reachable: address and port."""
    known: tuple[Device, ...] | None = None
    """None where nobody handed in a list: then no device can be called unknown."""
    known_sha256: str = ""
    """Of the list as it was handed in."""
    known_made_at: str = ""
    """When it was made, where it says so."""


@dataclass(frozen=True)
class Port:
    """One port that answered, or of which an answer is open: `state` is nmap's word."""

    protocol: str
    number: int
    state: str
    name: str = ""
    probed: bool = False
    """True where the service itself told its name; else the name is the port number's."""
    tls: bool = False
    product: str = ""
    version: str = ""
    extra: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """Output of nmap's scripts by their names."""


@dataclass(frozen=True)
class Answerer:
    """One host that answered. `ports` are those that are not closed and not silent."""

    address: str
    mac: str = ""
    vendor: str = ""
    own: bool = False
    """The machine that looks."""
    finished: bool = True
    """False where the time for this host ended before all of it was looked at."""
    closed: int = 0
    silent: int = 0
    """TCP ports without any answer: a firewall stands before them, or the answer was lost."""
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True)
class Scanned:
    """One scan. `method` is syn (raw packets) or connect, which sees neither UDP nor hardware addresses."""

    method: str
    source: str
    hosts: tuple[Answerer, ...]
    udp_unseen: str = ""
    """Why UDP was not looked at, one of REASONS; empty where it was."""


class Network(Door, Protocol):
    """Declared ranges of a network."""

    declared: Declared

    def scanned(self) -> Scanned:
        """What the scan found. Raises `Unseen` where it found nothing out."""
        ...
