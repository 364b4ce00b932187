"""The interfaces of IOS: which of them face the world, and which access list stands before what comes in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from collectors.readers.cli_text import Line, has, starting

Network: TypeAlias = "ipaddress.IPv4Interface | ipaddress.IPv6Interface"
_OUTSIDE: Final = re.compile(r"\b(outside|internet|untrust(ed)?|wan|external|public)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Interface:
    """One interface. `filters` are the access lists for what comes in, by family."""

    name: str
    line: Line
    up: bool
    outside: bool
    zone: str
    families: tuple[str, ...]
    filters: Mapping[str, str]


def interfaces(config: tuple[Line, ...]) -> list[Interface]:
    """The interfaces that have an address of their own."""
    routes = [*_default_routes(config)]
    found = []
    for line, name in starting(config, "interface"):
        if name.lower().startswith("loopback"):  # nothing comes in by it: a list there keeps nobody out
            continue
        families = {}
        if starting(line.under, "ip address") or starting(line.under, "ip unnumbered"):
            families["ip"] = "ip access-group"
        if starting(line.under, "ipv6 address") or has(line.under, "ipv6 enable"):
            families["ipv6"] = "ipv6 traffic-filter"
        filters = {family: _filter(line, prefix) for family, prefix in families.items()}
        zones = starting(line.under, "zone-member security")
        found.append(
            Interface(
                name,
                line,
                has(line.under, "shutdown") is None and bool(families),
                _is_outside(name, line, routes),
                zones[-1][1] if zones else "",
                tuple(families),
                {family: name for family, name in filters.items() if name},
            )
        )
    return found


def _filter(line: Line, prefix: str) -> str:
    found = [rest.split() for _, rest in starting(line.under, prefix)]
    return next((words[0] for words in found if words[-1:] == ["in"] and len(words) > 1), "")


def _is_outside(name: str, line: Line, routes: list[str]) -> bool:
    zones = " ".join(rest for _, rest in starting(line.under, "zone-member security"))
    if has(line.under, "ip nat outside") or _OUTSIDE.search(zones.replace("-", " ").replace("_", " ")):
        return True
    addresses = [*_addresses(line)]
    if name in routes or any(one.is_global for one in addresses):
        return True
    return any(_within(route, one) for route in routes for one in addresses)


def _addresses(line: Line) -> Iterator[Network]:
    for _, rest in starting(line.under, "ip address"):
        words = rest.split()
        if len(words) > 1:
            yield from _parsed("/".join(words[:2]))
    for _, rest in starting(line.under, "ipv6 address"):
        yield from _parsed(rest.split()[0] if rest else "")


def _parsed(text: str) -> Iterator[Network]:
    try:
        yield ipaddress.ip_interface(text)
    except ValueError:
        return


def _within(route: str, interface: Network) -> bool:
    try:
        return ipaddress.ip_address(route) in interface.network
    except ValueError:
        return False


def _default_routes(config: tuple[Line, ...]) -> Iterator[str]:
    """The interfaces and next hops of default routes."""
    for prefix, length in (("ip route", 2), ("ipv6 route", 1)):
        for _, rest in starting(config, prefix):
            words = rest.split()
            if words[:length] in (["0.0.0.0", "0.0.0.0"], ["::/0"]):  # noqa: S104  a route
                yield from words[length : length + 2]
