"""nftables' rules out of `nft -j list ruleset` (libnftables-json(5)).

What nft leaves unsaid is put back: a match on a TCP port holds for TCP alone, one on an IPv4 header for IPv4
alone, and so do the kinds of reject.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from collectors.door import Unseen
from collectors.readers.ruleset import Chain, Chains, Condition, Rule

LIST: Final = ("nft", "-j", "list", "ruleset")
_FAMILIES: Final = {
    "ip": frozenset({"ipv4"}),
    "ip6": frozenset({"ipv6"}),
    "inet": frozenset({"ipv4", "ipv6"}),
}
_BY_PROTOCOL: Final = {
    "ip": Condition("family", frozenset({"ipv4"})),
    "ip6": Condition("family", frozenset({"ipv6"})),
    "icmp": Condition("protocol", frozenset({"icmp"})),
    "icmpv6": Condition("protocol", frozenset({"icmpv6"})),
} | {name: Condition("protocol", frozenset({name})) for name in ("tcp", "udp", "udplite", "sctp", "dccp")}
_VERDICTS: Final = ("accept", "drop", "reject", "return", "jump", "goto", "queue")
_META: Final = {"iifname": "interface", "iif": "interface", "l4proto": "protocol", "nfproto": "family"}
_SPECIFIC_META: Final = ("mark", "skuid", "skgid", "secpath", "priority", "iifgroup", "iifkind", "sdif")
_SPECIFIC: Final = ("ether", "arp", "vlan", "esp", "ah", "comp", "igmp", "gre")
_UNSURE: Final = Condition("unsure")
_NEVER: Final = Condition("never")
_STATES: Final = frozenset({"new", "established", "related", "invalid", "untracked"})


def parse(text: str) -> Chains:
    """All chains. `malformed` for what is no answer of nft."""
    source = " ".join(LIST)
    try:
        items = json.loads(text)["nftables"]
        if not any("metainfo" in item for item in items):
            raise Unseen("malformed", source, "no metainfo")
        named = _named(items)
        chains: Chains = {}
        for item in items:
            if "chain" in item:
                chains[_key(item["chain"], "name")] = _chain(item["chain"])
            elif "rule" in item:
                rules = _rules(item["rule"], named)
                chains.setdefault(_key(item["rule"], "chain"), Chain()).rules.extend(rules)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Unseen("malformed", source, f"{type(error).__name__}: {error}") from None
    return chains


def uses_xtables(text: str) -> bool:
    """Whether some rules were made by iptables in a form that nft can only name, not tell."""
    return '{"xt":' in text.replace(" ", "")


def _key(item: Mapping[str, Any], field: str) -> tuple[str, str, str]:
    return item["family"], item["table"], item[field]


def _chain(item: Mapping[str, Any]) -> Chain:
    hooked = item.get("hook") == "input" and item.get("type") == "filter"
    families = _FAMILIES.get(item["family"], frozenset()) if hooked else frozenset()
    return Chain([], families, int(item.get("prio", 0)), item.get("policy", "accept"))


def _named(items: list[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[Any]]:
    """The elements of named sets and maps."""
    found = {}
    for item in items:
        for kind in ("set", "map"):
            if kind in item:
                found[_key(item[kind], "name")] = item[kind].get("elem", [])
    return found


def _rules(item: Mapping[str, Any], named: Mapping[tuple[str, str, str], list[Any]]) -> list[Rule]:
    """A rule as one of ours, or several where a verdict map decides."""
    conditions: list[Condition] = []
    place = (item["family"], item["table"])
    found = []
    for statement in item.get("expr", []):
        (kind, body), *_ = statement.items()
        if kind == "match":
            values = _elements(body["right"], place, named)
            conditions += _match(body["left"], values, body["op"] == "!=", body["op"])
        elif kind == "vmap":
            pairs = _elements(body["data"], place, named)
            for value, verdict in pairs:
                tests = _match(body["key"], [_unwrapped(value)], False, "==") if value != "*" else []
                found.append(Rule((*conditions, *tests), *_verdict(verdict)))
        elif kind in _VERDICTS:
            implied = _reject(body) if kind == "reject" else []
            found.append(Rule((*conditions, *implied), *_verdict(statement)))
        elif kind == "xt":
            if not body or body.get("type") == "match":  # nft before 1.0 names none of iptables' own
                conditions.append(_UNSURE)
            elif body.get("name") == "REJECT":
                found.append(Rule(tuple(conditions), "reject"))
        elif kind in ("limit", "quota", "ct count", "connlimit", "last", "synproxy"):
            conditions.append(_UNSURE)
    return found


def _verdict(statement: Mapping[str, Any]) -> tuple[str, str]:
    (kind, body), *_ = statement.items()
    return (kind, body["target"]) if kind in ("jump", "goto") else (kind, "")


def _reject(body: Mapping[str, Any] | None) -> list[Condition]:
    kind = (body or {}).get("type", "")
    if kind == "tcp reset":
        return [_BY_PROTOCOL["tcp"]]
    return [_BY_PROTOCOL[{"icmp": "ip", "icmpv6": "ip6"}[kind]]] if kind in ("icmp", "icmpv6") else []


def _elements(
    right: Any, place: tuple[str, str], named: Mapping[tuple[str, str, str], list[Any]]
) -> list[Any]:
    if isinstance(right, str) and right.startswith("@"):
        right = named.get((*place, right[1:]), [])
    elif isinstance(right, dict) and "set" in right:
        right = right["set"]
    values = right if isinstance(right, list) else [right]
    return [_unwrapped(value) for value in values]


def _unwrapped(value: Any) -> Any:
    return value["elem"]["val"] if isinstance(value, dict) and "elem" in value else value


def _match(left: Any, values: list[Any], negated: bool, op: str) -> list[Condition]:
    """The conditions of one match."""
    (kind, body), *_ = left.items()
    if kind == "concat":
        parts = [part for one in body for part in _match(one, ["?"], False, "==")]
        return [_NEVER] if any(part.kind == "specific" for part in parts) and not negated else [_UNSURE]
    words = frozenset(str(value) for value in values)
    if kind == "meta":
        return [_meta(str(body["key"]), words, negated)]
    if kind == "ct":
        if body["key"] == "state":
            named = frozenset(word for word in words if word in _STATES)
            return [Condition("state", named, negated)] if op in ("==", "in", "!=") and named else [_UNSURE]
        return [Condition("specific", words, negated)]
    if kind == "fib" and body.get("result") == "type" and body.get("flags") == ["daddr"]:
        return [Condition("host", words, negated)]
    if kind == "payload" and "protocol" in body:
        return _payload(body["protocol"], body["field"], values, negated, op)
    return [_UNSURE]


def _meta(key: str, words: frozenset[str], negated: bool) -> Condition:
    if key in _META:
        renamed = frozenset({"icmpv6" if word == "ipv6-icmp" else word for word in words})
        return Condition(_META[key], renamed, negated)
    if key == "protocol":  # the ether type
        names = {"ip": "ipv4", "ip6": "ipv6"}
        return Condition("family", frozenset({names.get(word, word) for word in words}), negated)
    if key == "pkttype":
        return Condition("host", words, negated)
    return Condition("specific", words, negated) if key in _SPECIFIC_META else _UNSURE


def _payload(protocol: str, field: str, values: list[Any], negated: bool, op: str) -> list[Condition]:
    implied = [_BY_PROTOCOL[protocol]] if protocol in _BY_PROTOCOL else []
    if protocol in _SPECIFIC:
        return [Condition("specific", frozenset(), negated)]
    if (protocol, field) in (("ip", "protocol"), ("ip6", "nexthdr")):
        words = frozenset({"icmpv6" if str(value) == "ipv6-icmp" else str(value) for value in values})
        return [*implied, Condition("protocol", words, negated)]
    if op not in ("==", "!=", "in") or field == "flags":
        return [*implied, _UNSURE]
    if any(_covers_all(value) for value in values):
        return [*implied, _NEVER] if negated else implied
    if field == "daddr":
        everyone = all(_is_group(value) for value in values)
        return [*implied, Condition("specific", frozenset(), negated) if everyone else _UNSURE]
    if field in ("saddr", "sport", "dport", "type", "code"):
        return [*implied, Condition("specific", frozenset(), negated)]
    return [*implied, _UNSURE]


def _covers_all(value: Any) -> bool:
    """Whether a value stands for every address or port: /0, or ports from 0 or 1 to the last."""
    if not isinstance(value, dict):
        return False
    if "prefix" in value:
        return bool(value["prefix"]["len"] == 0)
    low, high = value.get("range", (None, None))
    return low in (0, 1) and high == 65535


def _is_group(value: Any) -> bool:
    """Whether a destination is multicast or broadcast: no connection goes there."""
    address = str(value["prefix"]["addr"] if isinstance(value, dict) and "prefix" in value else value)
    head = address.split(".", maxsplit=1)[0]
    return address.lower().startswith("ff") or (head.isdigit() and 224 <= int(head) <= 255)
