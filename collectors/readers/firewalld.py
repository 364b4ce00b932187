"""firewalld's zones at the next start: whether one that lets everything in holds what comes from outside.

An interface's zone is its own setting (firewalld.zone(5)), or NetworkManager's: the `zone` of a connection that
comes up by itself (nm-settings-keyfile(5)), or of an ifcfg file; everything else is in the default zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import settings_line, units

SETTINGS: Final = "/etc/firewalld/firewalld.conf"
ZONES: Final = ("/etc/firewalld/zones", "/usr/lib/firewalld/zones")
KEYFILES: Final = tuple(
    f"{folder}/NetworkManager/system-connections" for folder in ("/etc", "/run", "/usr/lib")
)
IFCFG: Final = ("/etc/sysconfig/network-scripts/ifcfg-*", "/etc/sysconfig/network/ifcfg-*")

_OPEN: Final = re.compile(r"""<zone[^<>]*\btarget=["']ACCEPT["']""")
_INTERFACE: Final = re.compile(r"""<interface[^<>]*\bname=["']([^"']*)["']""")
_ANYWHERE: Final = re.compile(r"""<source[^<>]*\baddress=["'][^"'/]*/0["']""")
_INNER: Final = re.compile(r"lo$|docker|br-|veth|virbr|podman|cni|lxc|lxd|wg|tun|tap|tailscale|zt")
_INNER_TYPES: Final = frozenset("loopback wireguard vpn tun dummy veth".split())
_NO: Final = ("false", "0", "no")


def filters(host: Host) -> tuple[bool, str]:
    """Whether nothing from outside is let in as a whole, and the file that decides."""
    for path in glob(host, f"{ZONES[0]}/*.xml"):
        text = host.text(path)
        outer = [name for name in _INTERFACE.findall(text) if not _INNER.match(name)]
        if _OPEN.search(text) and (outer or _ANYWHERE.search(text)):
            return False, path
    for zone, path in (*_connections(host), *_ifcfg(host)):
        if (known := _path(host, zone)) and _OPEN.search(host.text(known)):
            return False, path
    zone = settings_line.last(host, SETTINGS, "DefaultZone") or "public"
    if known := _path(host, zone):
        return not _OPEN.search(host.text(known)), known
    raise Unseen("not_found", f"{ZONES[0]}/{zone}.xml", "the default zone")


def _path(host: Host, zone: str) -> str:
    """A zone's file; "" where there is none, which leaves an interface in the default zone."""
    paths = (f"{folder}/{zone}.xml" for folder in ZONES)
    return next((path for path in paths if "/" not in zone and host.exists(path)), "")


def _connections(host: Host) -> Iterator[tuple[str, str]]:
    """Zone and file of each connection that leads outside and comes up by itself; one in /etc hides the others."""
    if units.starting(host, "NetworkManager.service") is None:
        return
    seen: set[str] = set()
    for folder in KEYFILES:
        for path in glob(host, f"{folder}/*"):
            given = _connection(host.text(path))
            uuid = given.get("uuid", path)
            inner = given.get("type", "") in _INNER_TYPES or _INNER.match(given.get("interface-name", ""))
            if uuid not in seen and not inner and given.get("autoconnect", "") not in _NO and "zone" in given:
                yield given["zone"], path
            seen.add(uuid)


def _connection(text: str) -> dict[str, str]:
    """The section [connection] of a keyfile; the last line of a name counts."""
    given: dict[str, str] = {}
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == "[connection]"
        elif inside and not line.startswith("#") and "=" in line:
            name, _, value = line.partition("=")
            given[name.strip()] = value.strip()
    return given


def _ifcfg(host: Host) -> Iterator[tuple[str, str]]:
    """The same of Red Hat's and SUSE's older files, one for each interface."""
    for path in (path for pattern in IFCFG for path in glob(host, pattern)):
        given = {name: settings_line.last(host, path, name) for name in ("ZONE", "ONBOOT", "DEVICE")}
        name = given["DEVICE"] or path.rpartition("/ifcfg-")[2]
        if given["ZONE"] and not _INNER.match(name) and given["ONBOOT"].lower() not in _NO:
            yield given["ZONE"], path
