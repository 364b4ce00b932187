"""The zone-based firewall of IOS: what becomes of what comes in by an interface of a zone.

Between zones nothing passes without a pair and a policy; to the device itself everything does, until a pair with
the zone `self` stands against it. So a zone keeps the world out only where each of its pairs, and one with `self`,
lets in no more than what a class names. Whose traffic passes within a zone is not asked.
"""

from __future__ import annotations

from typing import Final

from collectors.readers import cli_filters
from collectors.readers.cli_filters import Lists
from collectors.readers.cli_text import Line, starting

_WHOLE: Final = ("tcp", "udp", "icmp", "ip")
_LETS_IN: Final = ("inspect", "pass")


def keeps_out(config: tuple[Line, ...], known: Lists, zone: str) -> bool | None:
    """Whether what no class names is dropped, on IPv4; None where that cannot be told, as without a pair to `self`."""
    answers: list[bool | None] = []
    to_self = False
    for line, rest in starting(config, "zone-pair security"):
        words = rest.split()
        if words[1:3] != ["source", zone] or words[3:4] != ["destination"]:
            continue
        to_self |= words[4:5] == ["self"]
        policies = [
            words[-1] for policy, _ in starting(line.under, "service-policy") if (words := policy.words)
        ]
        # To another zone a pair without a policy drops; to the device itself it is not documented to.
        answers += [_policy(config, known, name) for name in policies] or [
            None if words[4:5] == ["self"] else True
        ]
    if False in answers:
        return False
    return True if to_self and None not in answers else None


def _policy(config: tuple[Line, ...], known: Lists, name: str) -> bool | None:
    """Whether a policy lets in no more than what its classes name; None where it is not understood."""
    found = [line for line, rest in starting(config, "policy-map type inspect") if rest == name]
    if not found:
        return None
    answers: list[bool | None] = []
    for line, rest in starting(found[0].under, "class"):
        if not any(starting(line.under, action) for action in _LETS_IN):
            continue
        answers.append(_class(config, known, rest.removeprefix("type inspect ").strip()))
    return False if False in answers else None if None in answers else True


def _class(config: tuple[Line, ...], known: Lists, name: str) -> bool | None:
    """Whether a class names something narrower than all of a protocol."""
    if name == "class-default":
        return False
    for line, rest in starting(config, "class-map type inspect"):
        how, _, named = rest.rpartition(" ")
        if named != name:
            continue
        answers = [_match(known, words) for one in line.under if (words := one.words)[:1] == ["match"]]
        if not answers:
            return None
        if how == "match-any":
            return False if False in answers else None if None in answers else True
        return True if True in answers else None if None in answers else False
    return None


def _match(known: Lists, words: list[str]) -> bool | None:
    if words[1:2] == ["protocol"] and len(words) > 2:
        return words[2] not in _WHOLE
    if words[1:3] == ["access-group", "name"] and len(words) == 4:
        return _list(known, words[3])
    return _list(known, words[2]) if words[1:2] == ["access-group"] and len(words) == 3 else None


def _list(known: Lists, name: str) -> bool | None:
    """What a list that is not defined matches in a class is not documented."""
    return cli_filters.restricts(known, "ip", name) if known.get(("ip", name)) else None
