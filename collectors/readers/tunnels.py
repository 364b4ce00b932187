"""VPN configurations: which name, whether everything goes through it. Keys are never taken out of a file.

`full_tunnel` is told from what the configuration routes: all of IPv4 (also as two halves), or OpenVPN's
redirect-gateway. Where the other side decides (an OpenVPN client that pulls its routes) it is None.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable
from typing import Final

EVERYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})
HALVES: Final = frozenset({"0.0.0.0/1", "128.0.0.0/1"})

_ROUTES: Final = {
    "0.0.0.0 0.0.0.0": "0.0.0.0/0",
    "0.0.0.0 128.0.0.0": "0.0.0.0/1",
    "128.0.0.0 128.0.0.0": "128.0.0.0/1",
}
_NETWORKMANAGER: Final = "org.freedesktop.NetworkManager."


def routes_all(networks: Iterable[str]) -> bool:
    """Whether these networks are all there is of IPv4 (or of IPv6)."""
    named = {network.strip().lower() for network in networks}
    return bool(named & EVERYWHERE) or named >= HALVES


def wireguard(text: str) -> bool:
    """Whether a wg-quick file or a networkd .netdev sends everything through the tunnel."""
    allowed = re.findall(r"^[ \t]*AllowedIPs\s*=\s*([^#\n]+)", text, re.MULTILINE | re.IGNORECASE)
    return routes_all(network for line in allowed for network in line.split(","))


def openvpn(text: str) -> bool | None:
    """The same for an OpenVPN file; None where the server tells its clients."""
    lines = [line.split() for line in text.splitlines() if line.strip() and line.lstrip()[0] not in "#;"]
    words = {line[0].removeprefix("--") for line in lines}
    if "redirect-gateway" in words or "redirect-private" in words:
        return "redirect-gateway" in words
    if "server" in words or ("mode" in words and ["mode", "server"] in lines):
        return None  # what its clients route is theirs to say
    if words & {"client", "pull"}:
        ignores = any(line[:3] == ["pull-filter", "ignore", "redirect-gateway"] for line in lines)
        return False if "route-nopull" in words or ignores else None
    routes = [" ".join(line[1:3]) for line in lines if line[0] == "route"]
    return routes_all(_ROUTES[route] for route in routes if route in _ROUTES)


def openvpn_device(text: str) -> str:
    """A shell pattern for the interface of an OpenVPN file: `dev tun` is any tun, another name that one."""
    match = re.search(r"^[ \t]*dev[ \t]+(\S+)", text, re.MULTILINE)
    name = match[1] if match else "tun"
    return f"{name}*" if name in ("tun", "tap", "ovpn") else name


def ipsec_conf(text: str) -> dict[str, bool | None]:
    """The connections of an ipsec.conf (strongSwan, Libreswan), by name."""
    found: dict[str, bool | None] = {}
    name = ""
    for line in text.splitlines():
        words = line.partition("#")[0].split(None, 1)
        if words and not line[:1].isspace():
            name = words[1].strip() if words[0] == "conn" and len(words) > 1 else ""
            if name and name != "%default":
                found.setdefault(name, None)
        elif words and name in found:
            key, _, value = line.partition("#")[0].strip().partition("=")
            if key.strip() == "rightsubnet":
                found[name] = routes_all(value.split(","))
    return found


def swanctl(text: str) -> dict[str, bool | None]:
    """The connections of a swanctl.conf, by name."""
    found: dict[str, bool | None] = {}
    path: list[str] = []
    plain = re.sub(r"#[^\n]*", "", text)
    for word in re.findall(r"[^{}\n]*\{|\}|[^{}\n]+", plain):
        piece = word.strip()
        if piece.endswith("{"):
            path.append(piece[:-1].strip())
            if len(path) == 2 and path[0] == "connections":
                found.setdefault(path[1], None)
        elif piece == "}":
            path = path[:-1]
        elif len(path) >= 4 and path[0] == "connections" and piece.startswith("remote_ts"):
            found[path[1]] = routes_all(piece.partition("=")[2].split(",")) or found[path[1]] or False
    return found


def networkmanager(text: str) -> tuple[str, str, bool | None] | None:
    """Kind, name and full tunnel of a NetworkManager keyfile; None where it is no VPN."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    kind, name = parser.get("connection", "type", fallback=""), parser.get("connection", "id", fallback="")
    if kind == "wireguard":
        peers = [section for section in parser.sections() if section.startswith("wireguard-peer.")]
        allowed = [parser.get(peer, "allowed-ips", fallback="").split(";") for peer in peers]
        interface = parser.get("connection", "interface-name", fallback=name)
        return "wireguard", interface, routes_all(network for networks in allowed for network in networks)
    if kind != "vpn":
        return None
    service = parser.get("vpn", "service-type", fallback="vpn").removeprefix(_NETWORKMANAGER)
    return (
        service,
        name,
        parser.get("ipv4", "never-default", fallback="false").lower() not in ("true", "1", "yes"),
    )
