"""What nmap printed, as values: through python-nmap, and beside it the few words of the XML that it drops.

Those words decide: a host that nmap gave up (`timedout`), ports lumped together (`extraports`), TLS around a service
(`tunnel`), and whether nmap came to its end. Without them a host that was never looked at would look clean.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

from collectors.door import Unseen
from collectors.door_network import Answerer, Port, Scanned

HOSTS_MAX: Final = 4096
SCRIPT_MAX_CHARACTERS: Final = 64 * 1024
_CONFIDENT: Final = 8
"""nmap's confidence of a name that the service told; 3 is the port number's."""


@dataclass(frozen=True)
class _Beside:
    """What python-nmap drops of a host."""

    timed_out: bool
    closed: int
    silent: int
    tunnelled: frozenset[int]


def read(output: bytes, method: str, source: str, own: frozenset[str]) -> Scanned:
    """The hosts that answered. Raises `Unseen` where the output is cut short or no XML of nmap."""
    try:
        # nmap escapes what services say, so a declaration of entities can only come from a false nmap.
        if b"<!ENTITY" in output:
            raise Unseen("malformed", source, "the answer declares entities")
        beside = _beside(ET.fromstring(output), source)  # noqa: S314
        hosts = _by_python_nmap(output, source)
        found = [
            _host(address, host, beside[address], own)
            for address, host in hosts.items()
            if host["status"]["state"] == "up"
        ]
        found.sort(key=lambda one: _order(one.address))
    except (ET.ParseError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unseen("malformed", source, type(error).__name__) from None
    if len(found) > HOSTS_MAX:
        raise Unseen("too_large", source, f"more than {HOSTS_MAX} hosts")
    return Scanned(method, source, tuple(found))


def _by_python_nmap(output: bytes, source: str) -> Mapping[str, Any]:
    try:
        import nmap
    except ImportError:
        raise Unseen("tool_missing", source, "python-nmap: pip install 'boltseal[netscan]'") from None
    # Its constructor would run whatever nmap is on the caller's PATH, without any bound; only the reader is wanted.
    reader = nmap.PortScanner.__new__(nmap.PortScanner)
    try:
        found: Mapping[str, Any] = reader.analyse_nmap_xml_scan(output)["scan"]
    except nmap.PortScannerError:
        raise Unseen("malformed", source, "python-nmap cannot read it") from None
    return found


def _beside(whole: ET.Element, source: str) -> dict[str, _Beside]:
    ended = whole.find("runstats/finished")
    if ended is None or ended.get("exit") != "success":
        raise Unseen("malformed", source, "nmap did not come to its end")
    found = {}
    for host in whole.findall("host"):
        addresses = {one.get("addrtype"): one.get("addr") for one in host.findall("address")}
        address = addresses.get("ipv4") or addresses.get("ipv6")
        if address is None:
            raise Unseen("malformed", source, "a host without an address")
        counts = _counts(host)
        found[address] = _Beside(
            host.get("timedout") == "true",
            counts.get("closed", 0),
            counts.get("filtered", 0),
            frozenset(
                int(port.get("portid", ""))
                for port in host.findall("ports/port")
                if port.find("service[@tunnel='ssl']") is not None and port.get("protocol") == "tcp"
            ),
        )
    return found


def _counts(host: ET.Element) -> dict[str, int]:
    """How many TCP ports are closed and how many are silent, lumped together or one by one."""
    counts: dict[str, int] = {}
    for lump in host.findall("ports/extraports"):
        reasons = lump.findall("extrareasons")
        tcp = [one for one in reasons if one.get("proto", "tcp") == "tcp"]
        count = sum(int(one.get("count", "")) for one in tcp) if reasons else int(lump.get("count", ""))
        word = str(lump.get("state"))
        counts[word] = counts.get(word, 0) + count
    for state in host.findall("ports/port[@protocol='tcp']/state"):
        word = str(state.get("state"))
        counts[word] = counts.get(word, 0) + 1
    return counts


def _host(address: str, host: Mapping[str, Any], beside: _Beside, own: frozenset[str]) -> Answerer:
    mac = str(host["addresses"].get("mac") or "").lower()
    ports = [
        _port(protocol, number, port, protocol == "tcp" and number in beside.tunnelled)
        for protocol in ("tcp", "udp")
        for number, port in sorted(host.get(protocol, {}).items())
        if port["state"] not in ("closed", "filtered")
    ]
    vendor = str(next(iter(host.get("vendor", {}).values()), ""))
    is_own = address in own or host["status"]["reason"] == "localhost-response"
    finished = not beside.timed_out
    return Answerer(address, mac, vendor, is_own, finished, beside.closed, beside.silent, tuple(ports))


def _port(protocol: str, number: int, port: Mapping[str, Any], tls: bool) -> Port:
    name = str(port["name"] or "")
    probed = str(port["conf"] or "0").isdecimal() and int(port["conf"] or 0) >= _CONFIDENT
    scripts = {
        str(name): str(output or "")[:SCRIPT_MAX_CHARACTERS]
        for name, output in port.get("script", {}).items()
    }
    # A connection that is closed at once tells nothing; TLS alone does not tell what is within.
    known = name not in ("", "tcpwrapped", "unknown", "ssl", "honeypot")
    return Port(
        protocol,
        number,
        str(port["state"]),
        name,
        probed and known,
        tls or name == "ssl" or name.startswith("ssl/"),
        product=str(port["product"] or ""),
        version=str(port["version"] or ""),
        extra=str(port["extrainfo"] or ""),
        scripts=scripts,
    )


def _order(address: str) -> tuple[int, bytes]:
    one = ipaddress.ip_address(address)
    return one.version, one.packed
