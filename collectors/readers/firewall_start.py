"""Firewall managers that load rules at the next start, and whether those rules stop anything that comes in.

A unit that is enabled proves little: ufw does nothing unless its own switch is on, Debian's shipped
/etc/nftables.conf has empty chains, and firewalld's zone may be "trusted" (`firewalld`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen, glob
from collectors.readers import firewalld, iptables, nft_text, settings_line, units
from collectors.readers.once import once
from collectors.readers.ruleset import is_filtering

LOOKED_AT: Final = (units.FOLDERS[0],)
INCLUDES_MAX: Final = 8
UFW: Final = "/etc/ufw/ufw.conf"
UFW_DEFAULTS: Final = "/etc/default/ufw"
SERVICES: Final = "/etc/services"
NFTABLES: Final = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf")
SAVED: Final = (("/etc/iptables/rules.v4", "ipv4"), ("/etc/iptables/rules.v6", "ipv6"))
SAVED_RED_HAT: Final = (("/etc/sysconfig/iptables", "ipv4"), ("/etc/sysconfig/ip6tables", "ipv6"))

_STOPS: Final = re.compile(r"\b(?:drop|reject)\b")
_INPUT: Final = re.compile(r"\bhook\s+input\b(?:[^{}]|\{[^{}]*\})*")
_ACCEPTS_ALL: Final = re.compile(r"[;\n][ \t]*(?:counter[ \t]+)?accept[ \t]*[;\n]")
_INCLUDE: Final = re.compile(r'^[ \t]*include[ \t]+"([^"]+)"[ \t]*;?[ \t]*$', re.MULTILINE)
_SERVICE: Final = re.compile(r"^(\S+)\s+(\d+)/(?:tcp|udp)\b", re.MULTILINE)
_COMMENT: Final = re.compile(r"#.*")


@dataclass(frozen=True)
class Manager:
    """A manager whose unit starts at boot. `filters`: what it loads can stop something coming in."""

    name: str
    filters: bool
    source: str


def managers(host: Host) -> list[Manager]:
    """All of them, read once per scan."""
    return once(host, _managers)


def _managers(host: Host) -> list[Manager]:
    found = []
    for name, unit_names, judge in _KNOWN:
        unit = units.starting(host, *unit_names)
        if unit is not None:
            filters, source = judge(host)
            found.append(Manager(name, filters, source or unit.source))
    return found


def _ufw(host: Host) -> tuple[bool, str]:
    if settings_line.last(host, UFW, "ENABLED").lower() != "yes":
        return False, UFW
    return settings_line.last(host, UFW_DEFAULTS, "DEFAULT_INPUT_POLICY").upper() in ("DROP", "REJECT"), UFW


def _nftables(host: Host) -> tuple[bool, str]:
    for path in NFTABLES:
        if host.exists(path):
            text = _with_includes(host, path, INCLUDES_MAX)
            inputs = _INPUT.findall(text)
            stops = bool(inputs) and bool(_STOPS.search(text)) and not any(map(_ACCEPTS_ALL.search, inputs))
            return stops and _loads(host, path, text), path
    return False, ""


def _loads(host: Host, path: str, text: str) -> bool:
    """Whether nft would load a file: with one bad word in it, nothing is loaded. Where nft can be asked, it is."""
    try:
        told = host.run(("nft", "-c", "-f", path), ok=(0, 1))
    except Unseen as unseen:
        if unseen.reason not in ("tool_missing", "offline_root"):
            raise
        return _is_understood(host, path, text)
    words = told.stderr.decode("utf-8", "replace")
    if told.returncode and "not permitted" in words:
        raise Unseen("permission_denied", told.source)
    return told.returncode == 0


def _is_understood(host: Host, path: str, text: str) -> bool:
    names = host.text(SERVICES) if host.exists(SERVICES) else ""
    services = {name: int(port) for name, port in _SERVICE.findall(names)}
    try:
        nft_text.check(text, services)
    except nft_text.NotUnderstood as piece:
        raise Unseen("unsupported", path, f"not sure that nft loads it: {piece}") from None
    return True


def _iptables(host: Host) -> tuple[bool, str]:
    return _saved(host, SAVED)


def _iptables_red_hat(host: Host) -> tuple[bool, str]:
    return _saved(host, SAVED_RED_HAT)


def _saved(host: Host, files: tuple[tuple[str, str], ...]) -> tuple[bool, str]:
    """Filtering IPv4 alone still counts as filtering; the kernel's default tells of the gap."""
    for path, family in files:
        if host.exists(path) and is_filtering(iptables.parse(host.text(path), family)):
            return True, path
    return False, files[0][0]


def _shorewall(host: Host) -> tuple[bool, str]:
    path = "/etc/shorewall/shorewall.conf"
    return settings_line.last(host, path, "STARTUP_ENABLED").lower() == "yes", path


def _ferm(host: Host) -> tuple[bool, str]:
    path = "/etc/default/ferm"
    return settings_line.last(host, path, "ENABLED").lower() in ("yes", "1", "true"), path


def _with_includes(host: Host, path: str, left: int) -> str:
    """The text of an nft file with what it includes in its place, comments taken out."""
    text = _COMMENT.sub("", host.text(path))
    return _INCLUDE.sub(lambda found: _included(host, found[1], left), text)


def _included(host: Host, pattern: str, left: int) -> str:
    """What an include brings: in /etc where its path is not absolute; no file is an error but for a pattern."""
    paths = glob(host, pattern if pattern.startswith("/") else f"/etc/{pattern}")
    if not left or (not paths and not re.search(r"[*?\[]", pattern)):
        return f'include "{pattern}"\n'
    return "".join(f"{_with_includes(host, path, left - 1)}\n" for path in paths)


_KNOWN: Final[tuple[tuple[str, tuple[str, ...], Callable[[Host], tuple[bool, str]]], ...]] = (
    ("ufw", ("ufw.service",), _ufw),
    ("firewalld", ("firewalld.service",), firewalld.filters),
    ("nftables", ("nftables.service",), _nftables),
    ("iptables", ("netfilter-persistent.service", "iptables-persistent.service"), _iptables),
    ("iptables", ("iptables.service", "ip6tables.service"), _iptables_red_hat),
    ("shorewall", ("shorewall.service",), _shorewall),
    ("ferm", ("ferm.service",), _ferm),
)
