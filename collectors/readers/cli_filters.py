"""Access lists of IOS: what a name stands for, and whether it keeps anybody out.

A list that is applied and not defined, or that has no entry, lets everything pass; one with entries ends in an
unwritten deny.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from collectors.readers.cli_text import Line, starting

Lists: TypeAlias = Mapping[tuple[str, str], list[list[str]]]
"""By family (ip, ipv6) and name: the entries' words."""
_ANY: Final = (["any"], ["0.0.0.0", "255.255.255.255"], ["::/0"])  # noqa: S104  an address to compare with
_WHOLE: Final = ("ip", "ipv6", "tcp", "udp")
_HARMLESS: Final = ("log", "log-input")


def lists(config: Iterable[Line]) -> Lists:
    """Every access list that is defined."""
    config = tuple(config)
    found: dict[tuple[str, str], list[list[str]]] = {}
    for _, rest in starting(config, "access-list"):
        name, *words = rest.split() or [""]
        _add(found.setdefault(("ip", name), []), words)
    heads = [(line, "ip", rest.partition(" ")[2]) for line, rest in starting(config, "ip access-list")]
    heads += [(line, "ipv6", rest) for line, rest in starting(config, "ipv6 access-list")]
    for line, family, name in heads:
        entries = found.setdefault((family, name), [])
        for entry in line.under:
            _add(entries, entry.words)
    return found


def restricts(known: Lists, family: str, name: str | None) -> bool | None:
    """Whether the list of this name keeps anybody out; None where that cannot be told."""
    entries = known.get((family, name or ""), [])
    if not entries:
        return False
    undecided = False
    for action, *words in entries:
        whole = _whole(words)
        if whole and action == "deny" and _protocol(words) not in ("tcp", "udp"):
            break
        if action == "permit" and whole:
            return False
        undecided |= action == "permit" and whole is None
    return None if undecided else True


def _add(entries: list[list[str]], words: list[str]) -> None:
    if words[:1] == ["sequence"]:
        words = words[1:]
    if words and words[0].isdecimal():
        words = words[1:]
    if words and words[0] in ("permit", "deny"):
        entries.append(words)


def _protocol(words: list[str]) -> str:
    return words[0] if words and words[0] in _WHOLE else ""


def _whole(words: list[str]) -> bool | None:
    """Whether an entry is about everything, or all of TCP or UDP; None where groups or times decide."""
    words = [word for word in words if word not in _HARMLESS]
    if "object-group" in words or "time-range" in words:
        return None
    if not _protocol(words):
        return words in _ANY
    return any(words[1:] == [*one, *other] for one in _ANY for other in _ANY)
