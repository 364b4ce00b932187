"""The tests of iptables' rules (iptables(8), iptables-extensions(8)), as conditions.

What is not known here is unsure, never left out.
"""

from __future__ import annotations

from typing import Final

from collectors.readers.nft_match import between
from collectors.readers.packets import Condition, Range

_SPECIFIC: Final = frozenset(
    "--mac-source --ctmark --tcp-option --espspi --ahspi --helper --policy --pol --dir --rcheck --update".split()
)
_CHANCES: Final = frozenset(
    "--limit --hashlimit --hashlimit-upto --connlimit-upto --probability --quota"
    " --timestart --timestop --weekdays --monthdays --datestart --datestop --every".split()
)
_NO_TEST: Final = frozenset(
    "--limit-burst --hashlimit-burst --hashlimit-mode --hashlimit-name --hashlimit-htable-size"
    " --hashlimit-htable-max --hashlimit-htable-expire --hashlimit-htable-gcinterval --hashlimit-srcmask"
    " --hashlimit-dstmask --connlimit-mask --connlimit-saddr --connlimit-daddr --mode --packet --set --name --mask"
    " --rsource --rdest --seconds --hitcount --kerneltz --utc --contiguous --comment --rttl --reap --syn".split()
)
"""What only says more about another test; `--set` of recent, and `--syn`, hold for every new connection."""
_SELDOM: Final = (
    "socket",
    "rpfilter",
    "ipvs",
    "cluster",
    "bpf",
    "u32",
    "string",
    "nfacct",
    "cgroup",
    "owner",
)
_SOURCE_PORTS: Final = frozenset({"--sport", "--sports", "--source-port", "--source-ports"})
_PORTS: Final = frozenset({"--dport", "--dports", "--destination-port", "--destination-ports"})
_SYN: Final = ("FIN,SYN,RST,ACK", "SYN")


def conditions(words: list[str], marks: bool) -> list[Condition]:
    """The conditions of one rule. `marks`: some rule sets marks, so what they are is not known."""
    found: list[Condition] = []
    negated = False
    at = 0
    while at < len(words):
        word = words[at]
        if word == "!":
            negated, at = True, at + 1
            continue
        takes_value = at + 1 < len(words) and not words[at + 1].startswith("-") and words[at + 1] != "!"
        value = words[at + 1] if takes_value else ""
        if word == "--tcp-flags":
            plain = tuple(words[at + 1 : at + 3]) == _SYN  # what every new connection carries
            found.append(Condition("never", frozenset(), not negated) if plain else Condition("unsure"))
            at += 3
        elif word == "--match-set":
            found.append(_set(words[at + 2 : at + 3], negated))
            at += 3
        elif word == "--comment":  # may look like anything
            at += 2
        elif word.startswith("-"):
            found += _condition(word, value, negated, marks)
            at += 2 if takes_value else 1
        else:
            at += 1
        negated = False
    return found


def _set(directions: list[str], negated: bool) -> Condition:
    """An ipset: who is on it is not told; by its source alone it names some and not just anybody."""
    return Condition("specific", frozenset(), negated) if directions == ["src"] else Condition("unsure")


def _condition(option: str, value: str, negated: bool, marks: bool) -> list[Condition]:
    words = frozenset(value.lower().split(","))
    if option == "-m":
        return [Condition("unsure")] if value in _SELDOM else []
    if option in _NO_TEST:
        return [Condition("unsure")] if negated else []
    if option in _CHANCES:
        return [Condition("sometimes")]
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
    if option in ("-f", "--icmp-type", "--icmpv6-type"):
        return [Condition("never", frozenset(), negated)]
    if option == "--ctstatus" and words <= {"dnat", "snat"}:
        return [Condition("translated", words, negated)]
    if option == "--mark" and not marks and value.partition("/")[0] not in ("0x0", "0"):
        return [Condition("specific", words, negated)]
    if option in _SPECIFIC:
        return [Condition("specific", words, negated)]
    return [_addressed(option, value, words, negated)]


def _addressed(option: str, value: str, words: frozenset[str], negated: bool) -> Condition:
    """Addresses and ports."""
    try:
        if option in ("-s", "--source"):
            return Condition("source", words, negated)
        if option in ("-d", "--destination"):
            return Condition("address", words, negated)
        if option in ("--src-range", "--dst-range"):
            networks = frozenset(between(*value.split("-")))
            return Condition("source" if option == "--src-range" else "address", networks, negated)
        if option in _PORTS:
            return Condition("port", frozenset(), negated, _ranges(value))
        if option in _SOURCE_PORTS or option == "--ports":
            return Condition("source_port", frozenset(), negated, _ranges(value))
    except (ValueError, TypeError):
        pass
    return Condition("unsure")


def _ranges(value: str) -> tuple[Range, ...]:
    found = []
    for part in value.split(","):
        low, colon, high = part.partition(":")
        found.append((int(low or 0), int(high or 65535) if colon else int(low)))
    return tuple(found)
