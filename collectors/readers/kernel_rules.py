"""The packet filter rules that the kernel holds.

nft tells nftables' own rules. Where iptables put rules into nftables with matches that nft can only name, and
for the older kernel tables, iptables' own tools are asked beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import iptables, nft
from collectors.readers.once import once
from collectors.readers.ruleset import Chains

IPV6: Final = "/proc/net/if_inet6"
IPV6_SWITCHES: Final = tuple(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6" for name in ("all", "default"))


@dataclass(frozen=True)
class Rules:
    """The chains, and the commands that told them."""

    chains: Chains
    sources: tuple[str, ...]


def rules(host: Host) -> Rules:
    """The kernel's rules. `permission_denied` without CAP_NET_ADMIN, `offline_root` on a root."""
    return once(host, _rules)


def families(host: Host) -> list[str]:
    """IPv4, and IPv6 unless this kernel has none or it is switched off for every interface."""
    if not host.exists(IPV6):
        return ["ipv4"]
    off = [host.exists(path) and host.text(path).strip() == "1" for path in IPV6_SWITCHES]
    return ["ipv4"] if all(off) else ["ipv4", "ipv6"]


def _rules(host: Host) -> Rules:
    if host.offline:
        raise Unseen("offline_root", "kernel ruleset")
    told = None
    try:
        told = host.run(nft.LIST)
    except Unseen as unseen:
        if unseen.reason != "tool_missing":
            raise
    chains = nft.parse(told.text) if told else {}
    sources = [told.source] if told else []
    if told is None or nft.uses_xtables(told.text):
        chains = _asked_iptables(host, chains, sources)
    for family, path in iptables.LEGACY_TABLES.items():
        if host.exists(path) and host.text(path).split():
            chains |= _legacy(host, family, sources)
    return Rules(chains, tuple(sources))


def _asked_iptables(host: Host, chains: Chains, sources: list[str]) -> Chains:
    """The chains, those of iptables' filter tables told by iptables itself."""
    silent = not sources
    for family, argv in iptables.SAVE.items():
        try:
            told = host.run(argv)
        except Unseen as unseen:
            if unseen.reason == "tool_missing" and sources:
                continue  # what nft told stays, with matches that cannot be judged
            raise
        found = iptables.parse(told.text, family)
        tables = {({"ipv4": "ip", "ipv6": "ip6"}[family], key[1]) for key in found}
        chains = {key: chain for key, chain in chains.items() if key[:2] not in tables} | found
        sources.append(told.source)
        silent = silent and not told.text.strip()
    if silent:  # so it is where there are no rules, and where a tool lies: nobody can tell the two apart
        raise Unseen("malformed", ", ".join(sources), "prints nothing")
    return chains


def _legacy(host: Host, family: str, sources: list[str]) -> Chains:
    """The older kernel table, under a name of its own beside nftables'."""
    try:
        told = host.run(iptables.LEGACY_SAVE[family])
    except Unseen as unseen:
        if unseen.reason != "tool_missing":
            raise
        told = host.run(iptables.SAVE[family])  # before there were two kinds of iptables
    sources.append(told.source)
    found = iptables.parse(told.text, family)
    if not found:
        raise Unseen("malformed", told.source, "the kernel has tables, the tool shows none")
    return {(family, f"legacy {table}", name): chain for (_, table, name), chain in found.items()}
