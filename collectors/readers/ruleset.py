"""What a packet filter does with a connection that nobody provided for.

Rules from nftables and iptables are brought to one form, then walked with probes: a new connection from an
arbitrary address to an arbitrary port, over each interface, IPv4 and IPv6, TCP and UDP. The default is what
happens to the probe that fares best: a policy of drop says nothing when a rule above it accepts everything,
and a drop for IPv4 alone leaves IPv6 open. A condition that cannot be decided from the rules may be true or
false; where that changes the outcome, the default is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import product
from typing import Final

from collectors.door import Unseen

STOPS: Final = frozenset({"drop", "reject"})
DEPTH_MAX: Final = 64
_FALL: Final = "fall"
_RETURN: Final = "return"


@dataclass(frozen=True)
class Probe:
    """A new connection from outside."""

    interface: str
    family: str
    protocol: str


@dataclass(frozen=True)
class Condition:
    """One test of a rule. `kind` is a Probe's field, or:

    state (the connection is new), specific (an address, port or mark: an arbitrary packet is another), host
    (sent to this host), never, unsure.
    """

    kind: str
    values: frozenset[str] = frozenset()
    negated: bool = False

    def holds(self, probe: Probe) -> bool | None:
        """Whether it is true for the probe; None where that is not known."""
        if self.kind == "unsure":
            return None
        return self._plain(probe) != self.negated

    def _plain(self, probe: Probe) -> bool:
        if self.kind in ("specific", "never"):
            return False
        if self.kind == "interface":
            return any(fnmatchcase(probe.interface, value) for value in self.values)
        if self.kind == "state":
            return "new" in self.values
        if self.kind == "host":
            return bool(self.values & {"local", "host", "unicast"})
        return str(getattr(probe, self.kind)) in self.values


@dataclass(frozen=True)
class Rule:
    """Conditions, and the verdict when all hold: accept, drop, reject, return, jump, goto, queue."""

    conditions: tuple[Condition, ...]
    verdict: str
    target: str = ""

    def holds(self, probe: Probe) -> bool | None:
        """All conditions together (Kleene's and)."""
        answers = [condition.holds(probe) for condition in self.conditions]
        if False in answers:
            return False
        return None if None in answers else True


@dataclass
class Chain:
    """A chain. One that is hooked to input has the `families` it sees, its priority and its policy."""

    rules: list[Rule] = field(default_factory=list)
    families: frozenset[str] = frozenset()
    priority: int = 0
    policy: str = "accept"


Key = tuple[str, str, str]
"""Family of the table, table, chain."""
Chains = dict[Key, Chain]


def default_inbound(chains: Mapping[Key, Chain], interfaces: Sequence[str], families: Sequence[str]) -> str:
    """accept, reject or drop; `unsupported` where an undecidable rule would decide."""
    outcomes = {
        outcome
        for names in product(interfaces, families, ("tcp", "udp"))
        for outcome in _fate(chains, Probe(*names))
    }
    if "unsure" in outcomes:
        raise Unseen("unsupported", "kernel ruleset", "a rule that cannot be judged decides")
    return next((word for word in ("accept", "reject") if word in outcomes), "drop")


def is_filtering(chains: Mapping[Key, Chain]) -> bool:
    """Whether anything that comes in can be stopped: a drop or reject, as policy or reachable rule."""
    seen: set[Key] = set()
    waiting = [key for key, chain in chains.items() if chain.families]
    while waiting:
        key = waiting.pop()
        if key in seen or key not in chains:
            continue
        seen.add(key)
        if chains[key].families and chains[key].policy in STOPS:
            return True
        if any(rule.verdict in STOPS for rule in chains[key].rules):
            return True
        waiting += [(*key[:2], rule.target) for rule in chains[key].rules if rule.target]
    return False


def _fate(chains: Mapping[Key, Chain], probe: Probe) -> Iterable[str]:
    """What may happen to a probe: an accepting chain hands it to the next, one that stops it is the end."""
    hooked = [(chain.priority, key) for key, chain in chains.items() if probe.family in chain.families]
    unsure = False
    known: dict[Key, frozenset[str]] = {}
    for _, key in sorted(hooked):
        left = {_FALL, _RETURN}
        ends = {chains[key].policy if end in left else end for end in _walk(chains, key, probe, known)}
        if ends <= STOPS:
            return ends
        unsure = unsure or bool(ends & STOPS)
    return ("unsure",) if unsure else ("accept",)


def _walk(
    chains: Mapping[Key, Chain], key: Key, probe: Probe, known: dict[Key, frozenset[str]], depth: int = 0
) -> frozenset[str]:
    """The ways in which a chain may end for a probe: a verdict, "return", or "fall" off its end."""
    if depth > DEPTH_MAX:
        raise Unseen("malformed", "kernel ruleset", "chains nested too deep")
    if key not in known:
        ends: set[str] = set()
        for rule in chains[key].rules if key in chains else ():
            holds = rule.holds(probe)
            # A stop under a condition that cannot be judged is made for some packets, not for any: left out.
            if holds is False or (holds is None and rule.verdict in STOPS):
                continue
            if rule.verdict in ("jump", "goto"):
                inner = _walk(chains, (*key[:2], rule.target), probe, known, depth + 1)
                after = {_FALL} if rule.verdict == "jump" else {_RETURN}
                effect = (inner - {_FALL, _RETURN}) | (after if inner & {_FALL, _RETURN} else set())
            else:
                effect = frozenset({"accept", "drop"} if rule.verdict == "queue" else {rule.verdict})
            ends |= effect - {_FALL}
            if holds and _FALL not in effect:
                break
        else:
            ends.add(_FALL)
        known[key] = frozenset(ends)
    return known[key]
