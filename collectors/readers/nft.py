"""nftables' rules out of `nft -j list ruleset` (libnftables-json(5)).

What nft leaves unsaid is put back, see `nft_match`; a verdict map becomes one rule for each of its elements.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from collectors.door import Unseen
from collectors.readers import nft_match
from collectors.readers.nft_match import SOMETIMES, UNSURE, Named
from collectors.readers.packets import Condition
from collectors.readers.ruleset import Chain, Chains, Rule

LIST: Final = ("nft", "-j", "list", "ruleset")
_BOTH: Final = frozenset({"ipv4", "ipv6"})
_FAMILIES: Final = {"ip": frozenset({"ipv4"}), "ip6": frozenset({"ipv6"}), "inet": _BOTH, "netdev": _BOTH}
_HOOKS: Final = ("ingress", "prerouting", "input")
_VERDICTS: Final = ("accept", "drop", "reject", "return", "jump", "goto", "queue")
_RATES: Final = ("limit", "quota", "ct count", "connlimit", "last")
_TAKEN_OVER: Final = ("tproxy", "synproxy")


def parse(text: str) -> Chains:
    """All chains. `malformed` for what is no answer of nft."""
    source = " ".join(LIST)
    try:
        items = json.loads(text)["nftables"]
        if not any("metainfo" in item for item in items):
            raise Unseen("malformed", source, "no metainfo")
        named = _named(items)
        marks = any(_sets_mark(item["rule"]) for item in items if "rule" in item)
        chains: Chains = {}
        for item in items:
            if "chain" in item:
                chains[_key(item["chain"], "name")] = _chain(item["chain"])
            elif "rule" in item:
                rules = _rules(
                    item["rule"], Named(named, marks, (item["rule"]["family"], item["rule"]["table"]))
                )
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
    hook = item.get("hook", "")
    families = _FAMILIES.get(item["family"], frozenset()) if hook in _HOOKS else frozenset[str]()
    if hook == "input" and item.get("type") == "nat":
        families = frozenset()  # what passed the filter already
    devices = item.get("dev", [])
    return Chain(
        [],
        families,
        int(item.get("prio", 0)),
        item.get("policy", "accept"),
        hook or "input",
        frozenset([devices] if isinstance(devices, str) else devices),
    )


def _named(items: list[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[Any]]:
    """The elements of named sets and maps."""
    found = {}
    for item in items:
        for kind in ("set", "map"):
            if kind in item:
                found[_key(item[kind], "name")] = item[kind].get("elem", [])
    return found


def _sets_mark(rule: Mapping[str, Any]) -> bool:
    """Whether a rule changes the packet: its mark, or even its port."""
    return any("mangle" in statement for statement in rule.get("expr", []))


def _rules(item: Mapping[str, Any], named: Named) -> list[Rule]:
    """A rule as one of ours, or several where a verdict map decides."""
    conditions: list[Condition] = []
    found = []
    for statement in item.get("expr", []):
        (kind, body), *_ = statement.items()
        if kind == "match":
            conditions += nft_match.conditions(body["left"], body["right"], body["op"], named)
        elif kind == "vmap":
            found += _mapped(conditions, body, named)
        elif kind in _VERDICTS:
            implied = _reject(body) if kind == "reject" else []
            found.append(Rule((*conditions, *implied), *_verdict(statement)))
        elif kind in ("dnat", "redirect"):
            family = nft_match.implied((body or {}).get("family", ""))
            found.append(Rule((*conditions, *family), kind))
        elif kind in _TAKEN_OVER:
            found.append(Rule((*conditions, UNSURE), "accept"))
        elif kind == "xt":
            found += _xtables(body, conditions)
        elif kind in _RATES or (kind in ("set", "meter") and body.get("stmt")):
            over = isinstance(body, dict) and body.get("inv") and kind != "set"
            conditions.append(UNSURE if over else SOMETIMES)
    return found


def _mapped(conditions: list[Condition], body: Mapping[str, Any], named: Named) -> list[Rule]:
    """One rule for each element; the one for all others comes last, as it is looked up."""
    pairs = [(nft_match.plain(value), verdict) for value, verdict in nft_match.elements(body["data"], named)]
    passes_some = any("continue" in verdict for _, verdict in pairs)
    found = []
    for value, verdict in sorted(pairs, key=lambda pair: pair[0] == "*"):
        if value == "*":
            tests = [UNSURE] if passes_some else []
        else:
            tests = nft_match.conditions(body["key"], {"set": [value]}, "==", named)
        if "continue" not in verdict:
            found.append(Rule((*conditions, *tests), *_verdict(verdict)))
    return found


def _xtables(body: Mapping[str, Any], conditions: list[Condition]) -> list[Rule]:
    """What iptables put there: a match is not told, of the targets only those that end it count."""
    if not body or body.get("type") == "match":  # nft before 1.0 names none of iptables' own
        conditions.append(UNSURE)
        return []
    name = body.get("name")
    if name == "REJECT":
        return [Rule(tuple(conditions), "reject")]
    if name in ("DNAT", "REDIRECT", "NETMAP"):
        return [Rule(tuple(conditions), "redirect" if name == "REDIRECT" else "dnat")]
    return [Rule((*conditions, UNSURE), "accept")] if name in ("TPROXY", "SYNPROXY", "NFQUEUE") else []


def _verdict(statement: Mapping[str, Any]) -> tuple[str, str]:
    (kind, body), *_ = statement.items()
    return (kind, body["target"]) if kind in ("jump", "goto") else (kind, "")


def _reject(body: Mapping[str, Any] | None) -> list[Condition]:
    kind = (body or {}).get("type", "")
    if kind == "tcp reset":
        return nft_match.implied("tcp")
    return nft_match.implied({"icmp": "ip", "icmpv6": "ip6"}[kind]) if kind in ("icmp", "icmpv6") else []
