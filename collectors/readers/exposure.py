"""Whether a listening socket can be reached from outside, by the kernel's rules and where it is bound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address
from itertools import product
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import interfaces, kernel_rules, ruleset
from collectors.readers.once import once
from collectors.readers.packets import Probe

OWN_IPV4: Final = "/proc/net/fib_trie"
ROUTED_LOOPBACK: Final = "/proc/sys/net/ipv4/conf"
ADDRESSES_MAX: Final = 64
_LOCAL: Final = re.compile(r"\|-- (\S+)\n\s*/32 host LOCAL")


def reach(host: Host, protocol: str, address: str, port: int) -> str | None:
    """Who reaches a socket: anyone, some (named addresses, or over an inner interface), nobody.

    None where a rule that cannot be judged decides.
    """
    chains = kernel_rules.rules(host).chains
    outer, inner = interfaces.outside(host), [*interfaces.kinds(host)]
    _, _, scope = address.partition("%")
    first = Probe("", "", protocol, port, translated=ruleset.is_translating(chains))
    ways = list(_ways(host, address))
    fates = _fates(chains, first, ways, [scope] if scope else outer)
    if fates & {"accept", "moved"}:
        return "some" if scope else "anyone"
    if "unsure" in fates:
        return None
    fates = _fates(chains, replace(first, anyone=False), ways, [scope] if scope else [*outer, *inner])
    if fates & {"accept", "moved"}:
        return "some"
    return None if "unsure" in fates else "nobody"


def _fates(
    chains: ruleset.Chains, first: Probe, ways: Sequence[tuple[str, str | None]], names: Sequence[str]
) -> set[str]:
    return {
        ruleset.fate(chains, replace(first, interface=name, family=family, address=address))
        for name, (family, address) in product(dict.fromkeys(names), ways)
    }


def _ways(host: Host, address: str) -> Iterator[tuple[str, str | None]]:
    """Family and own address of the packets that a socket gets; none for one that only this host reaches."""
    bound = ip_address(address.partition("%")[0])
    bound = getattr(bound, "ipv4_mapped", None) or bound
    if bound.is_loopback:
        if bound.version == 4 and _is_loopback_routed(host):
            yield "ipv4", str(bound)
    elif not bound.is_unspecified:
        yield f"ipv{bound.version}", str(bound)
    else:
        families = {"ipv4", f"ipv{bound.version}"}  # a socket on :: serves IPv4 too, unless it asked not to
        for family in families & set(kernel_rules.families(host)):
            yield from ((family, one) for one in once(host, _own)[family])


def _own(host: Host) -> dict[str, list[str | None]]:
    """This host's addresses by family; [None] where they are not known."""
    found: dict[str, list[str | None]] = {"ipv4": [], "ipv6": []}
    try:
        found["ipv4"] += [
            one for one in dict.fromkeys(_LOCAL.findall(host.text(OWN_IPV4))) if one[:4] != "127."
        ]
        words = [line.split() for line in host.text(kernel_rules.IPV6).splitlines()]
        found["ipv6"] += [
            str(ip_address(int(one[0], 16))) for one in words if len(one) == 6 and one[5] != "lo"
        ]
    except (Unseen, ValueError):
        return {"ipv4": [None], "ipv6": [None]}
    return {family: each if 0 < len(each) <= ADDRESSES_MAX else [None] for family, each in found.items()}


def _is_loopback_routed(host: Host) -> bool:
    """Whether an interface takes packets for 127.0.0.0/8 from outside (route_localnet, ip-sysctl)."""
    names = ["all", "default", *interfaces.kinds(host)]
    paths = [f"{ROUTED_LOOPBACK}/{name}/route_localnet" for name in names]
    return any(host.exists(path) and host.text(path).strip() == "1" for path in paths)
