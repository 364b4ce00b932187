"""VPN connections: what is set up, what is up, and whether everything goes through it.

Configurations are read for WireGuard, OpenVPN, strongSwan and NetworkManager; other clients are recognised by
their program and interface, and count as configured while they run or are started at boot. A tunnel that is up
without a configuration is listed too. Presence is not use: `up` is about this moment, and `full_tunnel` is null
where the other side decides. Files that root alone may read hold keys: their keys never leave the file, and
without the right to read them the list is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from posixpath import basename
from typing import Final

from collectors.door import Host, glob
from collectors.findings import Fact, Findings, Json, Seen
from collectors.readers import interfaces, processes, products, tunnels, vpn_products

FACTS = {
    "vpn.connections": Fact(
        "records{kind: str, name: str, configured: bool, up: bool?, full_tunnel: bool?}",
        "VPN connections and clients; full_tunnel: all traffic goes through it",
    ),
}
WIREGUARD: Final = "/etc/wireguard"
NETWORKD: Final = tuple(f"{folder}/systemd/network/*.netdev" for folder in ("/etc", "/run", "/usr/lib"))
OPENVPN: Final = ("/etc/openvpn/*.conf", "/etc/openvpn/client/*.conf", "/etc/openvpn/server/*.conf")
IPSEC: Final = ("/etc/ipsec.conf", "/etc/ipsec.d/*.conf")
SWANCTL: Final = ("/etc/swanctl/swanctl.conf", "/etc/swanctl/conf.d/*.conf")
NETWORKMANAGER: Final = tuple(
    f"{folder}/NetworkManager/system-connections/*" for folder in ("/etc", "/run", "/usr/lib")
)  # netplan writes to /run

Interfaces = Mapping[str, str] | None
"""The interfaces by name; None on a root."""
Known = dict[tuple[str, str], tuple[bool, bool | None, bool | None]]
"""Kind and name to: configured, up, full tunnel."""


def collect(host: Host) -> Findings:
    """Every connection by its configuration, its interface or its client's program."""
    findings = Findings()
    findings.look("vpn.connections", _connections, host)
    return findings


def _connections(host: Host) -> Seen:
    up = None if host.offline else interfaces.kinds(host)
    known: Known = {}
    for add in (_wireguard, _openvpn, _ipsec, _networkmanager, _clients):
        add(host, up, known)
    for name in (name for name, kind in (up or {}).items() if kind == "wireguard"):
        known.setdefault(("wireguard", name), (False, True, None))
    records: list[Json] = [
        {"kind": kind, "name": name, "configured": configured, "up": up, "full_tunnel": full}
        for (kind, name), (configured, up, full) in sorted(known.items())
    ]
    return Seen(
        records, WIREGUARD, "/etc/openvpn", IPSEC[0], SWANCTL[0], NETWORKMANAGER[0], interfaces.NETWORK
    )


def _wireguard(host: Host, up: Interfaces, known: Known) -> None:
    for path in glob(host, f"{WIREGUARD}/*.conf"):
        name = basename(path).removesuffix(".conf")
        known["wireguard", name] = (True, _is_in(name, up), tunnels.wireguard(host.text(path)))
    for path in [path for pattern in NETWORKD for path in glob(host, pattern)]:
        text = host.text(path)
        if "Kind=wireguard" in text.replace(" ", ""):
            match = re.search(r"^Name\s*=\s*(\S+)", text, re.MULTILINE)
            name = match[1] if match else basename(path)
            known["wireguard", name] = (True, _is_in(name, up), tunnels.wireguard(text))


def _openvpn(host: Host, up: Interfaces, known: Known) -> None:
    paths = [path for pattern in OPENVPN for path in glob(host, pattern)]
    runs = processes.maybe_running(host, "openvpn") if paths else None
    for path in paths:
        name, text = basename(path).removesuffix(".conf"), host.text(path)
        state = runs if runs is False or len(paths) == 1 else None  # which of several runs is not seen
        if state and up is not None:  # a daemon that still waits for the other side has no interface yet
            state = any(fnmatchcase(one, tunnels.openvpn_device(text)) for one in up)
        known["openvpn", name] = (True, state, tunnels.openvpn(text))


def _ipsec(host: Host, up: Interfaces, known: Known) -> None:
    named: dict[str, bool | None] = {}
    for patterns, read in ((IPSEC, tunnels.ipsec_conf), (SWANCTL, tunnels.swanctl)):
        for path in [path for pattern in patterns for path in glob(host, pattern)]:
            named |= read(host.text(path))
    runs = processes.maybe_running(host, "charon", "charon-systemd", "pluto") if named else None
    for name, full in named.items():
        known["ipsec", name] = (True, False if runs is False else None, full)


def _networkmanager(host: Host, up: Interfaces, known: Known) -> None:
    for path in [path for pattern in NETWORKMANAGER for path in glob(host, pattern)]:
        told = tunnels.networkmanager(host.text(path))
        if told:
            kind, name, full = told
            known[kind, name] = (True, _is_in(name, up) if kind == "wireguard" else None, full)


def _clients(host: Host, up: Interfaces, known: Known) -> None:
    for found in products.found(host, vpn_products.KNOWN):
        pattern = vpn_products.INTERFACES.get(found.product.name)
        state = False if found.running is False else None
        if pattern and up is not None and found.running is not False:
            state = any(fnmatchcase(name, pattern) for name in up)
        at_work = found.running or products.starts(host, found.product) or not found.product.units
        known["client", found.product.name] = (found.installed and at_work, state, None)


def _is_in(name: str, up: Interfaces) -> bool | None:
    return None if up is None else name in up
