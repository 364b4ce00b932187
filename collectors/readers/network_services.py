"""Records of the exposure facts, out of what a scan of a network found.

Whatever a remote service says of itself is text of a stranger: control characters are taken out, and it is short.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from collectors.door_network import Answerer, Declared, Device, Port, Scanned
from collectors.findings import Json
from collectors.readers import network_ports, network_weaknesses

TEXT_MAX: Final = 80
_OFFERS_TLS: Final = frozenset({"ftp", "rdp", "vnc", "mail", "directory", "database", "remote_tool"})
"""Kinds of services that may begin TLS in the middle of a connection, in ways the scripts do not all know."""


def services(found: Scanned, declared: Declared) -> Iterator[Json]:
    """A record for each open TCP port, and one without a port for each host that was not looked at to its end."""
    for host in _others(found):
        for port in host.ports:
            if port.protocol == "tcp" and port.state == "open":
                yield _service(host, port, declared)
        if not host.finished:
            yield _unfinished(host)


def datagrams(found: Scanned, declared: Declared) -> Iterator[Json]:
    """A record for each UDP port that is not closed; `open` is null where no answer came, which proves nothing."""
    for host in _others(found):
        for port in host.ports:
            if port.protocol == "udp" and port.state in ("open", "open|filtered"):
                yield {
                    "address": host.address,
                    "port": port.number,
                    "service": text(port.name) or "unknown",
                    "open": True if port.state == "open" else None,
                    "declared": (host.address, port.number) in declared.allowed,
                }
        if not host.finished:
            yield {"address": host.address, "port": None, "service": None, "open": None, "declared": None}


def unknown(found: Scanned, known: tuple[Device, ...]) -> Iterator[Json]:
    """A record for each host that is not on the list; `known` is null where that is open.

    The machine that looks is known. A list that names a device by its hardware address alone leaves open, at hosts
    that show none, whether one of them is this device; so does a name of which DNS gave no answer, at every host.
    """
    on_list = _List(known)
    for host in found.hosts:
        if not host.own and on_list.entry(host) is None:
            yield {
                "address": host.address,
                "mac": host.mac or None,
                "vendor": text(host.vendor),
                "known": None if on_list.is_open(host) else False,
            }


def recognised(found: Scanned, known: tuple[Device, ...]) -> Iterator[Json]:
    """A record for each host that is on the list, with the entry by which it is."""
    on_list = _List(known)
    for host in found.hosts:
        device = on_list.entry(host)
        if host.own:
            yield {
                "address": host.address,
                "mac": host.mac or None,
                "entry": "the machine that looks",
                "source": None,
            }
        elif device is not None:
            source = device.source or None
            yield {"address": host.address, "mac": host.mac or None, "entry": device.entry, "source": source}


class _List:
    """The known devices, to look up what answered."""

    def __init__(self, known: tuple[Device, ...]) -> None:
        self._by_address: dict[str, list[Device]] = {}
        self._alone: dict[str, Device] = {}
        self._unanswered = any(device.name and not device.address for device in known)
        for device in known:
            if device.address:
                self._by_address.setdefault(device.address, []).append(device)
            elif device.mac:
                self._alone.setdefault(device.mac, device)

    def entry(self, host: Answerer) -> Device | None:
        """The device that a host is: by its hardware address first."""
        at = self._by_address.get(host.address, ())
        both = next((device for device in at if device.mac and device.mac == host.mac), None)
        return both or self._alone.get(host.mac) or next((device for device in at if not device.mac), None)

    def is_open(self, host: Answerer) -> bool:
        """Whether a host that is none of them may be one after all."""
        unseen = not host.mac and bool(self._alone or self._by_address.get(host.address))
        return unseen or self._unanswered


def hosts(found: Scanned) -> list[Json]:
    """A record for each host that answered."""
    return [
        {
            "address": host.address,
            "mac": host.mac or None,
            "vendor": text(host.vendor),
            "finished": host.finished,
            "closed_ports": host.closed,
            "silent_ports": host.silent,
        }
        for host in found.hosts
    ]


def text(said: str) -> str | None:
    """What a stranger said, made harmless; None where it said nothing."""
    clean = " ".join("".join(one if one.isprintable() else " " for one in said[: TEXT_MAX * 4]).split())
    return clean[:TEXT_MAX] or None


def _others(found: Scanned) -> Iterator[Answerer]:
    """The hosts but the one that looks: its packets to itself pass no firewall. It has an agent that sees more."""
    return (host for host in found.hosts if not host.own)


def _service(host: Answerer, port: Port, declared: Declared) -> Json:
    kind = network_ports.kind(port.number, port.name, port.product, port.probed)
    has_tls = _has_tls(port, kind)
    return {
        "address": host.address,
        "port": port.number,
        "protocol": "tcp",
        "kind": kind,
        "service": text(port.name) if port.probed else None,
        "product": text(port.product),
        "version": text(port.version),
        "tls": has_tls,
        "tls_weaknesses": _weaknesses(network_weaknesses.tls(port.scripts), has_tls),
        "certificate_ends_at": network_weaknesses.certificate_ends_at(port.scripts),
        "self_signed": network_weaknesses.self_signed(port.scripts),
        "ssh_weaknesses": _ssh(port, kind, has_tls),
        "declared": (host.address, port.number) in declared.allowed,
    }


def _has_tls(port: Port, kind: str | None) -> bool | None:
    """Whether it speaks TLS: no only where it said what it is, and that this is nothing which may begin TLS."""
    if port.tls or network_weaknesses.speaks_tls(port.scripts):
        return True
    return None if not port.probed or kind in _OFFERS_TLS else False


def _weaknesses(told: list[str] | None, has_tls: bool | None) -> Json:
    if has_tls is False:
        return []
    return list(told) if told is not None else None


def _ssh(port: Port, kind: str | None, has_tls: bool | None) -> Json:
    told = network_weaknesses.ssh(port.scripts, port.extra)
    if told is not None:
        return list(told)
    return None if kind == "ssh" or not (port.probed or has_tls) else []


def _unfinished(host: Answerer) -> Json:
    """Nothing is known of it but that it is there."""
    names = (
        *("port", "protocol", "kind", "service", "product", "version", "tls", "tls_weaknesses"),
        *("certificate_ends_at", "self_signed", "ssh_weaknesses", "declared"),
    )
    return {"address": host.address, **dict.fromkeys(names)}
