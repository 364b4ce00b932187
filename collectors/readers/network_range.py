"""Which addresses may be looked at: ranges that are typed right, not too many, and the company's own.

Looking at somebody else's network may be a crime, so a mistake in a range is refused and never repaired.
Addresses that are public, or shared with a provider's customers, must be named a second time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from collectors.door_network import Declared, Device

ADDRESSES_MAX: Final = 4096
RANGES_MAX: Final = 64
KNOWN_MAX: Final = 20_000
OWNER_MAX: Final = 100
_OWN: Final = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7")
)
SOURCE_MAX: Final = 200
_MADE: Final = re.compile(r"# Known devices, made (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\b", re.ASCII)
# The last label begins with a letter, so that an address that was typed wrong is none.
_NAME: Final = re.compile(
    r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,62})\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII
)
_MAC: Final = re.compile(r"[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}", re.ASCII)
_Network: TypeAlias = IPv4Network | IPv6Network


def declare(
    ranges: Sequence[str],
    owner: str,
    *,
    excluded: Sequence[str] = (),
    allowed: Sequence[str] = (),
    allow_public: Sequence[str] = (),
    known: str | None = None,
) -> Declared:
    """What may be looked at, checked.

    Args:
        ranges: networks (`10.0.0.0/24`) or single addresses, all IPv4 or all IPv6.
        owner: who owns them, as people say it.
        excluded: networks or addresses inside the ranges that are left alone.
        allowed: services that are meant to be reachable, `10.0.0.5:443` or `[fd00::5]:443`.
        allow_public: networks of public addresses that may be looked at.
        known: the text of a list of known devices, see `devices`.

    Raises:
        ValueError: with one sentence that says what is wrong.
    """
    owner = owner.strip()
    if not owner or len(owner) > OWNER_MAX or not owner.isprintable():
        raise ValueError(f"the owner of the range must be named, in up to {OWNER_MAX} characters")
    networks = [_network(text) for text in ranges]
    if not 0 < len(networks) <= RANGES_MAX:
        raise ValueError(f"between one and {RANGES_MAX} ranges can be looked at")
    if len({network.version for network in networks}) > 1:
        raise ValueError("IPv4 and IPv6 ranges are looked at one after the other, not in one scan")
    count = sum(network.num_addresses for network in networks)
    if count > ADDRESSES_MAX:
        raise ValueError(f"{count} addresses are too many for one scan, which takes up to {ADDRESSES_MAX}")
    permitted = [_network(text) for text in allow_public]
    for network in networks:
        _refuse_foreign(network, permitted)
    return Declared(
        tuple(str(network) for network in networks),
        owner,
        tuple(str(_network(text)) for text in excluded),
        frozenset(_service(text) for text in allowed),
        None if known is None else devices(known),
        "" if known is None else hashlib.sha256(known.encode()).hexdigest(),
        _made_at(known or ""),
    )


def devices(text: str) -> tuple[Device, ...]:
    """The devices of a list: on each line an address, a hardware address, both, or a DNS name with its domain.

    `#` begins a comment; behind a device it says where the entry comes from.

    Raises:
        ValueError: a line that says something else, by its number.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        told, _, comment = line.partition("#")
        words = told.replace(",", " ").split()
        if words:
            found.append(replace(_device(words, number), source=_source(comment)))
    if len(found) > KNOWN_MAX:
        raise ValueError(f"the list of known devices has more than {KNOWN_MAX} lines")
    return tuple(found)


def _device(words: list[str], number: int) -> Device:
    address = mac = ""
    if len(words) == 1 and _NAME.fullmatch(words[0].lower().rstrip(".")):
        return Device(name=words[0].lower().rstrip("."))
    for word in words:
        if _MAC.fullmatch(word.lower()) and not mac:
            digits = re.sub("[:-]", "", word.lower())
            mac = ":".join(digits[at : at + 2] for at in range(0, 12, 2))
        elif _is_address(word) and not address:
            address = str(ip_address(word))
        else:
            raise ValueError(
                f"line {number} of the known devices is no address, hardware address or DNS name: {word[:40]!r}"
            )
    return Device(address, mac)


def _source(comment: str) -> str:
    return "".join(one if one.isprintable() else " " for one in comment.strip()[:SOURCE_MAX])


def _made_at(text: str) -> str:
    """When a list was made, as `boltseal-server known-devices` writes it into the first line."""
    told = _MADE.match(text)
    try:
        datetime.fromisoformat(told[1] if told else "")
    except ValueError:
        return ""
    return told[1] if told else ""


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False


def _network(text: str) -> _Network:
    """One range. Names, wildcards and spans, which nmap would take, are no ranges here."""
    shown = repr(text[:60])
    if "%" in text or ("/" in text and not text.rpartition("/")[2].isdecimal()):
        raise ValueError(f"{shown} is no range: write a network such as 10.0.0.0/24, or one address")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{shown} is no range: write a network such as 10.0.0.0/24, or one address"
        ) from None
    if "/" in text and network.network_address != ip_address(text.partition("/")[0]):
        raise ValueError(f"{shown} is no network: {network} would be the one that holds this address")
    return network


def _refuse_foreign(network: _Network, permitted: Iterable[_Network]) -> None:
    first = network.network_address
    # Past unicast lie multicast, broadcast and what nobody owns; no name makes these somebody's.
    if network.is_multicast or network.is_unspecified or network.is_reserved or _is_special(first):
        raise ValueError(f"{network} holds addresses that are no host's")
    if _within(network, _OWN) or _within(network, permitted):
        return
    raise ValueError(f"{network} is not private: it is looked at only where it is allowed by name")


def _is_special(first: IPv4Address | IPv6Address) -> bool:
    if isinstance(first, IPv6Address):
        return first.ipv4_mapped is not None or first.is_link_local or first.is_site_local
    return first in ip_network("0.0.0.0/8") or first in ip_network("240.0.0.0/4")


def _within(network: _Network, others: Iterable[_Network]) -> bool:
    return any(
        other.version == network.version
        and other.network_address <= network.network_address  # type: ignore[operator]
        and network.broadcast_address <= other.broadcast_address  # type: ignore[operator]
        for other in others
    )


def _service(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not _is_address(host) or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text[:60]!r} is no service: write an address and a port, such as 10.0.0.5:443")
    return str(ip_address(host)), int(port)
