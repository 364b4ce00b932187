"""iptables' rules out of `iptables-save` and `ip6tables-save` (iptables-extensions(8)).

Asked where nft cannot tell: for the older kernel tables, and for rules that iptables put into nftables with
matches of its own.
"""

from __future__ import annotations

from typing import Final

from collectors.door import Unseen
from collectors.readers import shell_words
from collectors.readers.ruleset import Chain, Chains, Condition, Rule

SAVE: Final = {"ipv4": ("iptables-save",), "ipv6": ("ip6tables-save",)}
LEGACY_SAVE: Final = {"ipv4": ("iptables-legacy-save",), "ipv6": ("ip6tables-legacy-save",)}
LEGACY_TABLES: Final = {"ipv4": "/proc/net/ip_tables_names", "ipv6": "/proc/net/ip6_tables_names"}

_VERDICTS: Final = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "RETURN": "return"}
_QUEUES: Final = ("QUEUE", "NFQUEUE")
_NO_VERDICT: Final = frozenset(
    "LOG NFLOG ULOG MARK CONNMARK SECMARK CONNSECMARK CT SET AUDIT CHECKSUM CLASSIFY DSCP TOS TTL HL TCPMSS"
    " TRACE HMARK LED RATEEST TCPOPTSTRIP IDLETIMER".split()
)
_SPECIFIC: Final = frozenset(
    "-s --source --src-range --mac-source --icmp-type --icmpv6-type --mark --match-set --ctstatus --string"
    " --hex-string --tcp-option --espspi --ahspi --helper --policy --pol --dir".split()
)
_PORTS: Final = frozenset(
    "--sport --dport --sports --dports --ports --source-port --destination-port".split()
)
_ALL_PORTS: Final = frozenset({"0:65535", "1:65535", ":65535", "0:", "1:"})
_SYN: Final = ("FIN,SYN,RST,ACK", "SYN")


def parse(text: str, family: str) -> Chains:
    """The chains of the filter table. `malformed` for what is no complete answer."""
    source = SAVE[family][0]
    chains: Chains = {}
    table, complete = "", True
    for line in text.splitlines():
        if line.startswith("*"):
            table, complete = line[1:].strip(), False
        elif line.strip() == "COMMIT":
            complete = True
        elif table == "filter" and line.startswith(":"):
            name, policy = [*line[1:].split(), "", "-"][:2]
            hooked = frozenset({family}) if name == "INPUT" else frozenset[str]()
            chains[family, table, name] = Chain([], hooked, 0, _VERDICTS.get(policy, "accept"))
        elif table == "filter" and line.startswith("-A "):
            name, rule = _rule(line, family, source)
            if rule is not None and (family, table, name) in chains:
                chains[family, table, name].rules.append(rule)
    if not complete or (text.strip() and not table):
        raise Unseen("malformed", source, "no COMMIT at the end" if table else "no table")
    return chains


def _rule(line: str, family: str, source: str) -> tuple[str, Rule | None]:
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
    conditions = _conditions(words[:jump])
    if target in _VERDICTS:
        if "tcp-reset" in words[jump:]:
            conditions.append(Condition("protocol", frozenset({"tcp"})))
        return name, Rule(tuple(conditions), _VERDICTS[target])
    if target in _QUEUES:
        return name, Rule(tuple(conditions), "queue")
    if target in _NO_VERDICT:
        return name, None
    return name, Rule(tuple(conditions), "jump" if words[jump] == "-j" else "goto", target)


def _conditions(words: list[str]) -> list[Condition]:
    found: list[Condition] = []
    negated = False
    at = 0
    while at < len(words):
        word = words[at]
        values = words[at + 1 : at + 3]
        if word == "!":
            negated, at = True, at + 1
            continue
        if word == "--tcp-flags":
            plain = tuple(values) == _SYN and not negated  # what every new connection carries
            found += [] if plain else [Condition("unsure")]
            at += 3
        elif word in ("-m", "--comment", "--reject-with"):
            at += 2
        elif word.startswith("-"):
            takes_value = at + 1 < len(words) and not words[at + 1].startswith("-") and words[at + 1] != "!"
            found += _condition(word, values[0] if takes_value else "", negated)
            at += 2 if takes_value else 1
        else:
            at += 1
        negated = False
    return found


def _condition(option: str, value: str, negated: bool) -> list[Condition]:
    words = frozenset(value.lower().split(","))
    if option == "-i":
        name = value[:-1] + "*" if value.endswith("+") else value
        return [Condition("interface", frozenset({name}), negated)]
    if option == "-p":
        names = frozenset({"icmpv6" if word in ("ipv6-icmp", "icmpv6") else word for word in words})
        return [] if words & {"all", "0"} and not negated else [Condition("protocol", names, negated)]
    if option in ("--ctstate", "--state"):
        return [Condition("state", words, negated)]
    if option in ("--dst-type", "--pkt-type"):
        return [Condition("host", words, negated)]
    if option in _PORTS and words & _ALL_PORTS:
        return [Condition("never")] if negated else []
    if option in _SPECIFIC or option in _PORTS:
        return [Condition("specific", words, negated)]
    if option in ("-d", "--destination") and _is_group(value):
        return [Condition("specific", words, negated)]
    return [Condition("unsure")]


def _is_group(address: str) -> bool:
    """Whether a destination is multicast or broadcast: no connection goes there."""
    head = address.split(".", maxsplit=1)[0]
    return address.lower().startswith("ff") or (head.isdigit() and 224 <= int(head) <= 255)
