"""iptables' rules out of `iptables-save` and `ip6tables-save` (iptables-extensions(8)).

Asked where nft cannot tell: for the older kernel tables, and for rules that iptables put into nftables with
matches of its own.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Unseen
from collectors.readers import iptables_match, shell_words
from collectors.readers.packets import Condition
from collectors.readers.ruleset import Chain, Chains, Rule

SAVE: Final = {"ipv4": ("iptables-save",), "ipv6": ("ip6tables-save",)}
LEGACY_SAVE: Final = {"ipv4": ("iptables-legacy-save",), "ipv6": ("ip6tables-legacy-save",)}
LEGACY_TABLES: Final = {"ipv4": "/proc/net/ip_tables_names", "ipv6": "/proc/net/ip6_tables_names"}

_HOOKS: Final = {"PREROUTING": "prerouting", "INPUT": "input"}
_PRIORITIES: Final = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
_VERDICTS: Final = {
    "ACCEPT": "accept",
    "DROP": "drop",
    "REJECT": "reject",
    "RETURN": "return",
    "QUEUE": "queue",
    "NFQUEUE": "queue",
    "DNAT": "dnat",
    "NETMAP": "dnat",
    "REDIRECT": "redirect",
}
_TAKEN_OVER: Final = ("TPROXY", "SYNPROXY")
_NO_VERDICT: Final = frozenset(
    "LOG NFLOG ULOG MARK CONNMARK SECMARK CONNSECMARK CT SET AUDIT CHECKSUM CLASSIFY DSCP TOS TTL HL TCPMSS"
    " TRACE HMARK LED RATEEST TCPOPTSTRIP IDLETIMER NOTRACK TEE".split()
)


def parse(text: str, family: str) -> Chains:
    """The chains of all tables. `malformed` for what is no complete answer."""
    source = SAVE[family][0]
    chains: Chains = {}
    marks = any(word in text for word in ("-j MARK", "-j CONNMARK", "--set-mark", "--restore-mark"))
    table, complete = "", True
    for line in text.splitlines():
        if line.startswith("*"):
            table, complete = line[1:].strip(), False
        elif line.strip() == "COMMIT":
            complete = True
        elif line.startswith(":"):
            name, policy = [*line[1:].split(), "", "-"][:2]
            chains[family, table, name] = _chain(family, table, name, policy)
        elif line.startswith("-A "):
            name, rule = _rule(line, source, marks)
            if rule is not None and (family, table, name) in chains:
                chains[family, table, name].rules.append(rule)
    if not complete or (text.strip() and not table):
        raise Unseen("malformed", source, "no COMMIT at the end" if table else "no table")
    return chains


def _chain(family: str, table: str, name: str, policy: str) -> Chain:
    hooked = name in _HOOKS and (table, name) != ("nat", "INPUT")
    families = frozenset({family}) if hooked else frozenset[str]()
    policy = _VERDICTS.get(policy, "accept")
    return Chain([], families, _PRIORITIES.get(table, 0), policy, _HOOKS.get(name, "input"))


def _rule(line: str, source: str, marks: bool) -> tuple[str, Rule | None]:
    try:
        words = shell_words.split(line)
    except ValueError as error:
        raise Unseen("malformed", source, str(error)) from None
    if len(words) < 2:
        raise Unseen("malformed", source, line)
    name, words = words[1], words[2:]
    jump = next((at for at, word in enumerate(words) if word in ("-j", "-g")), None)
    if jump is None or jump + 1 >= len(words):
        return name, None  # counts, and decides nothing
    target = words[jump + 1]
    conditions = iptables_match.conditions(words[:jump], marks)
    if target in _VERDICTS:
        if "tcp-reset" in words[jump:]:
            conditions.append(Condition("protocol", frozenset({"tcp"})))
        return name, Rule(tuple(conditions), _VERDICTS[target])
    if target in _TAKEN_OVER:
        return name, Rule((*conditions, Condition("unsure")), "accept")
    if target in _NO_VERDICT:
        return name, None
    return name, Rule(tuple(conditions), "jump" if words[jump] == "-j" else "goto", target)
