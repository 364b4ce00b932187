"""Whether nft takes a rule or a set's elements, by their text; False where that is not sure (see `nft_text`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Final

Range = tuple[int, int]
_NAMES: Final = (
    "input output forward prerouting postrouting filter nat raw mangle global inbound outbound main base wan lan dmz"
    " private public internet trusted ssh web services allowed blocked blocklist allowlist whitelist blacklist block"
    " banned admin management office guest ports common own local incoming outgoing firewall logging in out people"
    " open side"
).split()
NAME: Final = rf"({'|'.join(_NAMES)}|(?!rt|ip|icmp)[a-z]\w*[_0-9]\w*|[A-Z]\w*)\b"
"""Names that are surely no keyword of nft's."""

_VERDICT: Final = re.compile(rf"(accept|drop|return|continue)$|(?:jump|goto) {NAME}$")
_REJECT: Final = re.compile(
    r"reject(?: with (?:(tcp) reset|(icmpx)(?: type)? (?:admin-prohibited|port-unreachable|host-unreachable|no-route)"
    r"|(icmp)(?: type)? (?:admin-prohibited|port-unreachable|host-unreachable|net-unreachable|host-prohibited)"
    r"|(icmpv6)(?: type)? (?:admin-prohibited|port-unreachable|addr-unreachable|no-route)))?$"
)
_STATES: Final = r"(?:established|related|new|invalid|untracked)"
_PLAIN: Final = re.compile(
    rf"ct state {_STATES}(?: ?, ?{_STATES})* |ct state \{{ ?{_STATES}(?: ?, ?{_STATES})* ?\}} "
    r"|iif lo |iif \"lo\" |iif != (?:lo|\"lo\") |counter (?:packets \d{1,9} bytes \d{1,9} )?"
    r"|limit rate (?:over )?[1-9]\d{0,3}/(?:second|minute|hour|day) (?:burst [1-9]\d{0,3} packets )?"
    r"|log (?:prefix \"[\w :.()\[\]-]{0,60}\" )?(?:level (?:info|warn|debug|notice|err) )?(?:flags all )?"
    r"|(?:meta )?pkttype (?:host|broadcast|multicast) |fib daddr type (?:local|broadcast|multicast|anycast) "
)
_PROTOCOLS: Final = ("tcp", "udp", "icmp", "icmpv6", "ipv6-icmp", "sctp")
_ICMP: Final = (
    "echo-request", "echo-reply", "destination-unreachable", "time-exceeded", "parameter-problem",
)  # fmt: skip
_ICMP6: Final = (
    *_ICMP, "packet-too-big", "nd-router-advert", "nd-router-solicit", "nd-neighbor-solicit",
    "nd-neighbor-advert", "mld-listener-query", "mld-listener-report", "mld-listener-done", "mld-listener-reduction",
)  # fmt: skip
_VALUE: Final = r"(\{[^{}]*\}|@\w+|\"[^\"]*\"|[^ {}@\"]+) "
_KEYS: Final = (
    (re.compile(rf"(tcp|udp|th|sctp) (?:dport|sport) (?:!= )?{_VALUE}"), "inet_service"),
    (re.compile(rf"(ip) (?:saddr|daddr) (?:!= )?{_VALUE}"), "ipv4_addr"),
    (re.compile(rf"(ip6) (?:saddr|daddr) (?:!= )?{_VALUE}"), "ipv6_addr"),
    (re.compile(rf"(?:meta )?(iifname|oifname) (?:!= )?{_VALUE}"), "ifname"),
    (re.compile(rf"(meta) l4proto (?:!= )?{_VALUE}"), "inet_proto"),
    (re.compile(rf"(icmp) type (?:!= )?{_VALUE}"), "icmp_type"),
    (re.compile(rf"(icmpv6) type (?:!= )?{_VALUE}"), "icmpv6_type"),
)
_INTERFACE: Final = re.compile(
    r'"([\w.-]{1,15}|[\w.-]{1,14}\*)"|(lo|(?:eth|en|wl|br|wg|tun|tap|veth|docker)[a-z]{0,3}\d\w{0,4})'
)
_BREAK: Final = re.compile(r"\n *[,:\n-]|[:-] *\n")
"""Where nft takes no new line within braces."""
_NETWORK: Final = {"ip": "ip", "icmp": "ip", "ip6": "ip6", "icmpv6": "ip6"}
_MAP: Final = re.compile(
    rf"ct state vmap \{{ ?{_STATES} ?: ?(?:accept|drop)(?: ?, ?{_STATES} ?: ?(?:accept|drop))* ?\}}$"
)


@dataclass
class Chain:
    """A chain; `hook` and `kind` are "" where it is only jumped to."""

    hook: str = ""
    kind: str = ""
    targets: set[str] = field(default_factory=set)


@dataclass
class Table:
    """A table as far as it was read."""

    family: str
    services: Mapping[str, int]
    chains: dict[str, Chain] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)

    def refers_to_nothing(self) -> str:
        """A chain that is jumped to and is not there, is hooked itself, or leads back; else ""."""
        left = dict(self.chains)
        while ready := [name for name, chain in left.items() if chain.targets.isdisjoint(left)]:
            for name in ready:
                del left[name]
        strange = {
            target
            for chain in self.chains.values()
            for target in chain.targets
            if target not in self.chains or self.chains[target].hook
        }
        return next(iter([*left, *strange]), "")


def loads(rule: str, table: Table, chain: Chain) -> bool:
    """Whether nft surely takes a rule: tests, then one verdict, then a comment."""
    if _BREAK.search(rule):
        return False
    rest = re.sub(r' ?comment "[\w .,:/()-]{0,100}"$', "", re.sub(r"[ \n]+", " ", rule)) + " "
    networks = set() if table.family == "inet" else {table.family}
    protocols: set[str] = set()
    while rest:
        if found := _PLAIN.match(rest):
            rest = rest[found.end() :]
            continue
        found, kind = next(((hit, kind) for key, kind in _KEYS if (hit := key.match(rest))), (None, ""))
        if found is None:
            break
        if not _values(found[2], kind, table):
            return False
        networks |= {_NETWORK[found[1]]} if found[1] in _NETWORK else set()
        protocols |= {found[1]} if found[1] not in ("ip", "ip6", "iifname", "oifname") else set()
        rest = rest[found.end() :]
    return (
        len(networks) < 2 and len(protocols) < 2 and _ends(rest.strip(" "), networks, protocols, table, chain)
    )


def _ends(rest: str, networks: set[str], protocols: set[str], table: Table, chain: Chain) -> bool:
    """Whether a rule may end like this."""
    if not rest or _MAP.match(rest):
        return True
    if verdict := _VERDICT.match(rest):
        chain.targets |= {verdict[2]} if verdict[2] else set()
        return True
    reject = _REJECT.match(rest)
    if not reject or chain.kind == "nat" or (chain.hook and chain.hook not in ("input", "forward", "output")):
        return False
    reset, either, icmp, icmpv6 = reject.groups()
    network = "ip" if icmp else "ip6" if icmpv6 else ""
    if either and table.family != "inet":
        return False
    return not ((reset and protocols != {"tcp"}) or (network and networks - {network}))


def _values(text: str, kind: str, table: Table) -> bool:
    if text.startswith("@"):
        return table.sets.get(text[1:]) == kind
    if text.startswith("{"):
        return bool(text[1:-1].strip()) and elements(kind, True, text[1:-1], table)
    return _range(text, kind, table) is not None


def elements(kind: str, interval: bool, text: str, table: Table) -> bool:
    """Whether these may be a set's elements: each of its type, no range without `interval`, none in another."""
    if not text.strip() or _BREAK.search(text):
        return not text
    words = [re.sub(r"[ \n]+", " ", word).strip(" ") for word in text.removesuffix(",").split(",")]
    ranges = [_range(word, kind, table) for word in words]
    known = sorted(one for one in ranges if one is not None)
    apart = all(low > high for (_, high), (low, _) in pairwise(known))
    return len(known) == len(words) and apart and (interval or all(low == high for low, high in known))


def _range(word: str, kind: str, table: Table) -> Range | None:
    """The first and the last value that a word stands for; None where it is not surely one."""
    try:
        return _VALUES[kind](word, table)
    except ValueError:
        return None


def _port(word: str, table: Table) -> Range | None:
    if word in table.services:
        return table.services[word], table.services[word]
    found = re.fullmatch(r"([1-9]\d{0,4})(?: ?- ?([1-9]\d{0,4}))?", word)
    return _in_order(int(found[1]), int(found[2] or found[1]), 65535) if found else None


def _in_order(low: int, high: int, most: int) -> Range | None:
    return (low, high) if low <= high <= most else None


def _address(word: str, _table: Table) -> Range | None:
    """A network or a range; the family is held to by who asks."""
    low, dash, high = word.partition("-")
    network = ip_network(low.strip())
    last = ip_address(high.strip()) if dash else network.broadcast_address
    if dash and (network.num_addresses > 1 or last.version != network.version):
        return None
    return _in_order(int(network.network_address), int(last), 2**128)


def _ipv4(word: str, table: Table) -> Range | None:
    return None if ":" in word else _address(word, table)


def _ipv6(word: str, table: Table) -> Range | None:
    return _address(word, table) if ":" in word and "." not in word else None


def _name(word: str, _table: Table) -> Range | None:
    """An interface: as text of at most 15 letters, a star at its end in quotes alone."""
    found = re.fullmatch(
        r'"([\w.-]{1,15}|[\w.-]{1,14}\*)"|(lo|(?:eth|en|wl|br|wg|tun|tap|veth|docker)[a-z]*\d\w{0,6})', word
    )
    return _number(found[1] or found[2]) if found else None


def _word(words: Collection[str]) -> Callable[[str, Table], Range | None]:
    return lambda word, _table: _number(word) if word in words else None


def _number(word: str) -> Range:
    number = int.from_bytes(word.encode(), "big")
    return number, number


_VALUES: Final[Mapping[str, Callable[[str, Table], Range | None]]] = {
    "inet_service": _port,
    "ipv4_addr": _ipv4,
    "ipv6_addr": _ipv6,
    "ifname": _name,
    "inet_proto": _word(_PROTOCOLS),
    "icmp_type": _word(_ICMP),
    "icmpv6_type": _word(_ICMP6),
}
