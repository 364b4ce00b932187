"""The tests of nftables' rules (libnftables-json(5), nft(8)): one match as conditions.

A match on a TCP port holds for TCP alone, one on an IPv4 header for IPv4 alone. What is not known here is
unsure, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address, summarize_address_range
from typing import Any, Final

from collectors.readers.packets import Condition, Range

UNSURE: Final = Condition("unsure")
SOMETIMES: Final = Condition("sometimes")
NEVER: Final = Condition("never")
SPECIFIC: Final = Condition("specific")
CHOICES_MAX: Final = 4096
_BY_PROTOCOL: Final = {
    "ip": Condition("family", frozenset({"ipv4"})),
    "ip6": Condition("family", frozenset({"ipv6"})),
    "icmp": Condition("protocol", frozenset({"icmp"})),
    "icmpv6": Condition("protocol", frozenset({"icmpv6"})),
    "th": Condition("protocol", frozenset({"tcp", "udp"})),
} | {name: Condition("protocol", frozenset({name})) for name in ("tcp", "udp", "udplite", "sctp", "dccp")}
_META: Final = {"iifname": "interface", "iif": "interface", "l4proto": "protocol", "nfproto": "family"}
_CHANCE_META: Final = ("random", "time", "day", "hour", "cpu")
_RENAMED: Final = {"ip": "ipv4", "ip6": "ipv6", "ipv6-icmp": "icmpv6", "6": "tcp", "17": "udp", "1": "icmp"}
_SPECIFIC: Final = ("ether", "arp", "vlan", "esp", "ah", "comp", "igmp", "gre")
_SYN: Final = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}


@dataclass(frozen=True)
class Named:
    """What the tests of one rule may refer to: named sets, and whether any rule changes packets."""

    sets: Mapping[tuple[str, str, str], list[Any]]
    marks: bool
    place: tuple[str, str]


def implied(protocol: str) -> list[Condition]:
    """What a match on this protocol's header says besides."""
    return [_BY_PROTOCOL[protocol]] if protocol in _BY_PROTOCOL else []


def elements(right: Any, named: Named) -> list[Any]:
    """The values of a right side, named sets looked up."""
    if isinstance(right, str) and right.startswith("@"):
        right = named.sets.get((*named.place, right[1:]), [])
    elif isinstance(right, dict) and "set" in right:
        right = right["set"]
    return right if isinstance(right, list) else [right]


def plain(value: Any) -> Any:
    """An element without what hangs on it: a timeout, a counter."""
    return value["elem"]["val"] if isinstance(value, dict) and "elem" in value else value


def conditions(left: Any, right: Any, op: str, named: Named) -> list[Condition]:
    """The conditions of one match."""
    values = [plain(value) for value in elements(right, named)]
    negated = op == "!="
    (kind, body), *_ = left.items()
    if "*" in values:  # a set that also holds all others
        return [NEVER] if negated else []
    if kind == "concat":
        return _concat(body, values, negated, named)
    if kind in ("numgen", "jhash", "symhash"):
        return [SOMETIMES]
    if kind == "&":
        return _masked(body, values, op)
    if kind == "meta":
        return [_meta(str(body["key"]), values, op, named)]
    if kind == "ct":
        return [_ct(body, values, op, named)]
    if (
        kind == "fib"
        and body.get("result") == "type"
        and "daddr" in body.get("flags", [])
        and op in ("==", "!=", "in")
    ):
        return [Condition("host", _words(values), negated)]
    if kind == "payload" and "protocol" in body:
        return _payload(body["protocol"], body["field"], values, op)
    return [UNSURE]


def _concat(parts: list[Any], values: list[Any], negated: bool, named: Named) -> list[Condition]:
    if len(values) > CHOICES_MAX:
        return [UNSURE]
    choices = []
    for value in values:
        one = value["concat"] if isinstance(value, dict) and "concat" in value else [value]
        if len(one) != len(parts):
            return [UNSURE]
        tests = (
            conditions(part, {"set": [each]}, "==", named) for part, each in zip(parts, one, strict=True)
        )
        choices.append(tuple(test for both in tests for test in both))
    return [Condition("any", frozenset(), negated, choices=tuple(choices))]


def _words(values: list[Any]) -> frozenset[str]:
    return frozenset(_RENAMED.get(str(value), str(value)) for value in values)


def _meta(key: str, values: list[Any], op: str, named: Named) -> Condition:
    negated = op == "!="
    if op not in ("==", "!=", "in"):
        return UNSURE
    if key in _META:
        return Condition(_META[key], _words(values), negated)
    if key == "protocol":  # the ether type
        return Condition("family", _words(values), negated)
    if key == "pkttype":
        return Condition("host", _words(values), negated)
    if key in _CHANCE_META:
        return SOMETIMES
    if key == "mark" and not named.marks and all(isinstance(value, int) and value for value in values):
        return replace(SPECIFIC, negated=negated)
    if key in ("ipsec", "secpath") and values in ([True], [False], [0], [1]):
        return replace(SPECIFIC, negated=negated == bool(values[0]))
    return UNSURE


def _ct(body: Mapping[str, Any], values: list[Any], op: str, named: Named) -> Condition:
    key, words, negated = body["key"], _words(values), op == "!="
    if key == "state" and op in ("==", "!=", "in") and all(isinstance(value, str) for value in values):
        return Condition("state", words, negated)
    if key == "status" and op in ("==", "!=", "in") and words <= {"dnat", "snat"}:
        return Condition("translated", words, negated)
    if key == "helper" or (key == "mark" and not named.marks and "0" not in words and op in ("==", "!=")):
        return replace(SPECIFIC, negated=negated)
    if key == "direction" and len(words) == 1:
        return Condition("host", frozenset({"local"} if "original" in words else ()), negated)
    return UNSURE


def _payload(protocol: str, field: str, values: list[Any], op: str) -> list[Condition]:
    first, negated = implied(protocol), op == "!="
    if protocol in _SPECIFIC:
        return [replace(SPECIFIC, negated=negated)]
    if field in ("dport", "sport"):
        ranges = _ranges(values, op)
        kind = "port" if field == "dport" else "source_port"
        return [*first, UNSURE if ranges is None else Condition(kind, frozenset(), negated, ranges)]
    if field == "flags" and protocol == "tcp":
        return [*first, _flags(["fin", "syn", "rst", "psh", "ack", "urg"], values, op)]
    if op not in ("==", "!=", "in"):
        return [*first, UNSURE]
    if (protocol, field) in (("ip", "protocol"), ("ip6", "nexthdr")):
        return [*first, Condition("protocol", _words(values), negated)]
    if field in ("saddr", "daddr"):
        networks = _networks(values)
        kind = "source" if field == "saddr" else "address"
        return [*first, UNSURE if networks is None else Condition(kind, networks, negated)]
    return [*first, UNSURE]


def _ranges(values: list[Any], op: str) -> tuple[Range, ...] | None:
    found = []
    for value in values:
        low, high = value["range"] if isinstance(value, dict) and "range" in value else (value, value)
        if not isinstance(low, int) or not isinstance(high, int):
            return None
        found.append((low, high))
    if op in ("==", "!=", "in"):
        return tuple(found)
    if len(found) != 1:
        return None
    low = found[0][0]
    bounds = {"<": (0, low - 1), "<=": (0, low), ">": (low + 1, 65535), ">=": (low, 65535)}
    return (bounds[op],) if op in bounds else None


def _networks(values: list[Any]) -> frozenset[str] | None:
    """Addresses, prefixes and ranges as texts of networks."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, dict) and "prefix" in value:
            found.add(f"{value['prefix']['addr']}/{value['prefix']['len']}")
        elif isinstance(value, dict) and "range" in value:
            found |= between(*map(str, value["range"]))
        elif isinstance(value, str):
            found.add(value)
        else:
            return None
    return frozenset(found)


def between(first: str, last: str) -> set[str]:
    """The networks of a range of addresses. Raises ValueError."""
    return {str(one) for one in summarize_address_range(ip_address(first), ip_address(last))}


def _masked(body: list[Any], values: list[Any], op: str) -> list[Condition]:
    """`tcp flags & (fin | syn | rst | ack) == syn`, by what every new connection carries."""
    left, mask = body
    if isinstance(left, dict) and left.get("payload") == {"protocol": "tcp", "field": "flags"}:
        return [*implied("tcp"), _flags(mask, values, op)]
    return [UNSURE]


def _flags(mask: Any, values: list[Any], op: str) -> Condition:
    masked, wanted = _bits(mask), _bits(values)
    if masked is None or wanted is None or (op == "==" and masked == 63 and len(values) > 1):
        return UNSURE
    shown = _SYN["syn"] & masked
    true = bool(shown & wanted) if op == "in" else (shown == wanted) == (op == "==")
    return Condition("never", frozenset(), true) if op in ("==", "!=", "in") else UNSURE


def _bits(value: Any) -> int | None:
    if isinstance(value, dict) and "|" in value:
        value = value["|"]
    if isinstance(value, list):
        parts = [_bits(one) for one in value]
        return None if None in parts else sum(part for part in set(parts) if part is not None)
    return value if isinstance(value, int) else _SYN.get(value)
