"""A connection that knocks, and the tests that rules put to it.

A probe stands for many connections: over one interface, to one port (or to one that no rule names), from an
address that no rule names. So a test has four answers: yes, no, "sometimes" (some of them pass it: a rate, a
port of the other side's choice), and "unsure" (the rules alone do not tell).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

YES: Final = "yes"
NO: Final = "no"
SOMETIMES: Final = "sometimes"
UNSURE: Final = "unsure"
_OPPOSITE: Final = {YES: NO, NO: YES}
_BROADCAST: Final = ip_network("255.255.255.255")

Range = tuple[int, int]
PORTS: Final = 65536
WIDE_PORTS: Final = 16384
"""More ports than this are not those of a service: whoever opens them opens by default."""
WIDE_SOURCES: Final = {4: 2**24, 6: 2**112}
"""More addresses than this are not a company's: half of all is as good as all."""


@dataclass(frozen=True)
class Probe:
    """A new connection from outside.

    `port` is None for one that no rule names, `address` None where this host's are not known. With
    `anyone` it comes from an address that no rule names, else from whichever fares best. `translated`:
    there are rules that send connections from other ports here.
    """

    interface: str
    family: str
    protocol: str
    port: int | None = None
    address: str | None = None
    anyone: bool = True
    translated: bool = False


@dataclass(frozen=True)
class Condition:
    """One test of a rule. `kind` is interface, family or protocol with `values`, or:

    port, source_port (`ranges`), source and address (`values` are networks), state (of connection tracking),
    host (the kind of destination), specific (an address, a mark: an arbitrary packet has another),
    translated, any (one of `choices`, each a list of tests), never, sometimes, unsure.
    """

    kind: str
    values: frozenset[str] = frozenset()
    negated: bool = False
    ranges: tuple[Range, ...] = ()
    choices: tuple[tuple[Condition, ...], ...] = ()

    def holds(self, probe: Probe) -> str:
        """What the probe answers to it."""
        answer = self._plain(probe)
        return _OPPOSITE.get(answer, answer) if self.negated else answer

    def _plain(self, probe: Probe) -> str:
        if self.kind in (SOMETIMES, UNSURE):
            return self.kind
        if self.kind == "specific":
            return NO if probe.anyone else SOMETIMES
        if self.kind in ("port", "source_port"):
            return self._port(probe)
        if self.kind == "source":
            return _source(self.values, probe)
        if self.kind == "address":
            return _address(self.values, probe)
        if self.kind == "state":
            return (
                UNSURE
                if "untracked" in self.values and "new" not in self.values
                else _yes("new" in self.values)
            )
        if self.kind == "host":
            group = self.values & {"broadcast", "multicast"} and probe.protocol == "udp" and not probe.anyone
            return SOMETIMES if group else _yes(bool(self.values & {"local", "host", "unicast"}))
        if self.kind == "translated":
            return UNSURE if probe.translated else NO
        if self.kind == "any":
            answers = [all_of(choice, probe) for choice in self.choices]
            return next((one for one in (YES, SOMETIMES, UNSURE) if one in answers), NO)
        if self.kind == "interface":
            return _yes(any(fnmatchcase(probe.interface, value) for value in self.values))
        return _yes(self.kind != "never" and str(getattr(probe, self.kind)) in self.values)

    def _port(self, probe: Probe) -> str:
        width = sum(high - low + 1 for low, high in self.ranges)
        if width >= PORTS - 1:
            return YES
        if probe.port is None:
            wide = PORTS - width if self.negated else width
            return SOMETIMES if WIDE_PORTS < wide < PORTS - WIDE_PORTS else _yes(width > PORTS // 2)
        if self.kind == "source_port":  # whoever connects chooses it
            return SOMETIMES
        return _yes(any(low <= probe.port <= high for low, high in self.ranges))


def all_of(conditions: tuple[Condition, ...], probe: Probe) -> str:
    """All of them together."""
    answers = {condition.holds(probe) for condition in conditions}
    return next((one for one in (NO, UNSURE, SOMETIMES) if one in answers), YES)


def _yes(true: bool) -> str:
    return YES if true else NO


def _networks(texts: frozenset[str]) -> list[IPv4Network | IPv6Network] | None:
    """These as networks; None where one is something else."""
    try:
        return [ip_network(text, strict=False) for text in texts]
    except ValueError:
        return None


def _source(texts: frozenset[str], probe: Probe) -> str:
    """Whether an arbitrary address of the internet is among these networks."""
    networks = _networks(texts)
    if networks is None:
        return UNSURE
    if any(network.prefixlen == 0 for network in networks):
        return YES
    width = {4: 0, 6: 0}
    for network in networks:
        if not network.is_private and not network.is_link_local and not network.is_multicast:
            width[network.version] += network.num_addresses
    if any(width[version] > limit for version, limit in WIDE_SOURCES.items()) or not probe.anyone:
        return SOMETIMES
    return NO


def _address(texts: frozenset[str], probe: Probe) -> str:
    """Whether this host's address is among these networks; groups are for UDP alone."""
    networks = _networks(texts)
    if networks is None:
        return UNSURE
    if any(network.prefixlen == 0 for network in networks):
        return YES
    if probe.address is not None and any(ip_address(probe.address) in network for network in networks):
        return YES
    if all(network.is_multicast or network == _BROADCAST for network in networks):
        return SOMETIMES if probe.protocol == "udp" and not probe.anyone else NO
    return UNSURE if probe.address is None else NO
