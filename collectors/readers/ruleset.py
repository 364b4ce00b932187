"""What a packet filter does with a connection that comes in.

Rules from nftables and iptables are brought to one form, then walked with probes. The default is what happens
to a connection that no rule provides for, over the interface and by the protocol with which it fares best: a
policy of drop says nothing when a rule above it accepts everything, and a drop for IPv4 alone leaves IPv6
open. What cannot be decided from the rules may be true or false; where that changes the outcome, it is not
known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from collectors.door import Unseen
from collectors.readers.packets import NO, UNSURE, YES, Condition, Probe, all_of

STOPS: Final = frozenset({"drop", "reject"})
MOVED: Final = frozenset({"dnat", "redirect"})
DEPTH_MAX: Final = 64
_FALL: Final = "fall"
_RETURN: Final = "return"
ALL_PORTS: Final = (0, 65535)
_STAGES: Final = ("ingress", "prerouting", "input")

Key = tuple[str, str, str]
"""Family of the table, table, chain."""
Ends = frozenset[tuple[str, bool]]
"""How a chain may end, each with whether that is sure to happen to one of the connections."""


@dataclass(frozen=True)
class Rule:
    """Conditions, and the verdict when all hold.

    accept, drop, reject, return, jump, goto, queue, dnat (on to another address), redirect (to another port).
    """

    conditions: tuple[Condition, ...]
    verdict: str
    target: str = ""


@dataclass
class Chain:
    """A chain. One that is hooked has its hook, the `families` it sees, its priority and its policy."""

    rules: list[Rule] = field(default_factory=list)
    families: frozenset[str] = frozenset()
    priority: int = 0
    policy: str = "accept"
    hook: str = "input"
    devices: frozenset[str] = frozenset()


Chains = dict[Key, Chain]


def default_inbound(chains: Mapping[Key, Chain], interfaces: Sequence[str], families: Sequence[str]) -> str:
    """accept, reject or drop; `unsupported` where an undecidable rule would decide."""
    fates = {fate(chains, Probe(*names)) for names in product(interfaces, families, ("tcp", "udp"))}
    if "accept" not in fates and "unsure" in fates:
        raise Unseen("unsupported", "kernel ruleset", "a rule that cannot be judged decides")
    return next((word for word in ("accept", "reject") if word in fates), "drop")


def is_filtering(chains: Mapping[Key, Chain]) -> bool:
    """Whether anything that comes in can be stopped: a drop or reject, as policy or reachable rule.

    Before routing there are rules against forged addresses alone, so there a policy counts and no rule.
    """
    hooked = {key: chain for key, chain in chains.items() if chain.families}
    if any(chain.policy in STOPS for chain in hooked.values()):
        return True
    keys = reachable(chains, [key for key, chain in hooked.items() if chain.hook == "input"])
    return any(rule.verdict in STOPS for key in keys for rule in chains[key].rules)


def is_translating(chains: Mapping[Key, Chain]) -> bool:
    """Whether some connection to this host may be sent to another port or address."""
    keys = reachable(chains, [key for key, chain in chains.items() if chain.hook == "prerouting"])
    return any(rule.verdict in MOVED for key in keys for rule in chains[key].rules)


def forwarded(chains: Mapping[Key, Chain]) -> list[tuple[str, int, int]]:
    """Protocol, first and last port of what is sent on to another address before the rules for what comes in."""
    found = set()
    for key in reachable(chains, [key for key, chain in chains.items() if chain.hook == "prerouting"]):
        for rule in chains[key].rules:
            tests = [test for test in rule.conditions if not test.negated]
            if rule.verdict == "dnat" and not any(_is_loopback(test) for test in tests):
                ranges = [each for test in tests if test.kind == "port" for each in test.ranges]
                names = {name for test in tests if test.kind == "protocol" for name in test.values}
                ports = ranges or [ALL_PORTS]
                found |= {(name, low, high) for name in names or {"any"} for low, high in ports}
    return sorted(found)


def _is_loopback(test: Condition) -> bool:
    """Whether only this machine can meet it: "-p 127.0.0.1:8080:80" publishes to nobody else."""
    return test.kind == "address" and all(value.startswith(("127.", "::1")) for value in test.values)


def reachable(chains: Mapping[Key, Chain], keys: Sequence[Key]) -> set[Key]:
    """These chains, and those that they lead to."""
    seen: set[Key] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in seen and key in chains:
            seen.add(key)
            waiting += [(*key[:2], rule.target) for rule in chains[key].rules if rule.target]
    return seen


def fate(chains: Mapping[Key, Chain], probe: Probe) -> str:
    """accept, reject, drop, or "unsure"; "moved" where it is sent on to another address before the input rules.

    An accepting chain hands the probe to the next, one that stops it is the end.
    """
    hooked = [
        (_STAGES.index(chain.hook), chain.priority, key)
        for key, chain in chains.items()
        if probe.family in chain.families and (not chain.devices or probe.interface in chain.devices)
    ]
    unsure = False
    known: dict[Key, Ends] = {}
    for stage, _, key in sorted(hooked):
        chain = chains[key]
        walked = _walk(chains, key, probe, known)
        ends = {(chain.policy if end in (_FALL, _RETURN) else end, sure) for end, sure in walked}
        if ("dnat", True) in ends:
            return "unsure" if unsure else "moved"
        if probe.port is not None and any(end == "redirect" for end, _ in ends):
            return "unsure"  # another socket gets it, and this one perhaps what came to another port
        if not any(end not in STOPS for end, _ in ends):
            if probe.translated and stage < len(_STAGES) - 1:
                return "unsure"  # it may come through another port
            return "unsure" if any(end == "dnat" for end, _ in ends) else _stop(ends)
        unsure = unsure or not any(end not in STOPS and sure for end, sure in ends) or ("dnat", False) in ends
    return "unsure" if unsure else "accept"


def _stop(ends: set[tuple[str, bool]]) -> str:
    return "reject" if any(end == "reject" for end, _ in ends) else "drop"


def _walk(
    chains: Mapping[Key, Chain], key: Key, probe: Probe, known: dict[Key, Ends], depth: int = 0
) -> Ends:
    """The ways in which a chain may end for a probe: a verdict, "return", or "fall" off its end."""
    if depth > DEPTH_MAX:
        raise Unseen("malformed", "kernel ruleset", "chains nested too deep")
    if key in known:
        return known[key]
    ends: set[tuple[str, bool]] = set()
    sure = True
    for rule in chains[key].rules if key in chains else ():
        holds = all_of(rule.conditions, probe)
        if holds == NO:
            continue
        effect = _effect(chains, key, rule, probe, known, depth)
        passes = {certain for end, certain in effect if end == _FALL}
        for end, certain in effect:
            # A stop under a condition that cannot be judged is made for some packets, not for any: left out.
            if end != _FALL and not (holds == UNSURE and end in STOPS):
                ends.add((end, sure and certain and holds != UNSURE))
        if holds == YES:
            if not passes:
                break
            sure = sure and True in passes
    else:
        ends.add((_FALL, sure))
    known[key] = frozenset(ends)
    return known[key]


def _effect(
    chains: Mapping[Key, Chain], key: Key, rule: Rule, probe: Probe, known: dict[Key, Ends], depth: int
) -> Ends:
    """What a rule that holds may come to."""
    if rule.verdict in ("jump", "goto"):
        inner = _walk(chains, (*key[:2], rule.target), probe, known, depth + 1)
        after = _FALL if rule.verdict == "jump" else _RETURN
        return frozenset((after if end in (_FALL, _RETURN) else end, sure) for end, sure in inner)
    if rule.verdict == "queue":  # a program decides
        return frozenset({("accept", False), ("drop", True)})
    return frozenset({(rule.verdict, True)})
