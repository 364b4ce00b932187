"""Who gets what from Match blocks: a made-up connection for each set of blocks that can be met together.

For each property of a connection (who, from where, to where) the values that the conditions name are tried,
and some that none names; of values that fit the same conditions one is kept, and these are combined. So a
block that another one always forestalls changes nothing for anybody, and a weakness that only two blocks
together make is seen.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice, product
from typing import Final, TypeAlias

from collectors.readers import sshd_match
from collectors.readers.sshd_match import Connection
from collectors.readers.sshd_text import Block

Criterion: TypeAlias = tuple[str, str]
_Axis: TypeAlias = Mapping[frozenset[Criterion], Connection]
NOBODY: Final = "boltseal-nobody"
_FILLERS: Final = ("boltseal", "x", "")
_COMBINATIONS_MAX: Final = 4000
_AXES: Final = (
    ("user", "group"),
    ("host",),
    ("address",),
    ("localaddress",),
    ("localport",),
    ("rdomain", "version", "invalid-user"),
)
"""The criteria that one property decides; the last ones are met or not without further asking."""
_FIELDS: Final = {"host": "host", "address": "address", "localaddress": "laddress"}
_ELSEWHERE: Final = {
    "host": ("boltseal.invalid", "boltseal"),
    "address": ("192.0.2.1", "203.0.113.7", "2001:db8:b::1"),
    "localaddress": ("192.0.2.2", "203.0.113.8", "2001:db8:b::2"),
}
"""Several, for a condition may name one of them by chance."""


def regions(
    blocks: Iterable[Block], members: Mapping[str, tuple[str, ...]]
) -> dict[frozenset[Block], Connection]:
    """A connection for each set of blocks that connections can meet. `members` are the users of each group.

    Of more than some thousands of combinations the rest is left out, but never a block by itself.
    """
    kept = list(dict.fromkeys(blocks))
    criteria = list(dict.fromkeys(one for block in kept for one in block.criteria))
    axes = [_axis(names, criteria, members) for names in _AXES]
    found: dict[frozenset[Block], Connection] = {}
    for chosen in (
        *islice(product(*(axis.items() for axis in axes)), _COMBINATIONS_MAX),
        *_single(kept, axes),
    ):
        fitting = {("all", "")}.union(*(criteria for criteria, _ in chosen))
        met = frozenset(block for block in kept if block.criteria and fitting.issuperset(block.criteria))
        if met not in found:
            found[met] = _joined([connection for _, connection in chosen])
    return found


def _single(
    blocks: list[Block], axes: list[_Axis]
) -> Iterator[tuple[tuple[frozenset[Criterion], Connection], ...]]:
    """For each block the combination that fits it and as little else as can be."""
    for block in blocks:
        chosen = []
        for names, axis in zip(_AXES, axes, strict=True):
            wanted = {one for one in block.criteria if one[0] in names}
            fitting = [one for one in axis.items() if one[0] >= wanted]
            chosen.append(min(fitting, key=lambda one: len(one[0]), default=None))
        if None not in chosen:
            yield tuple(one for one in chosen if one)


def _axis(names: tuple[str, ...], criteria: list[Criterion], members: Mapping[str, tuple[str, ...]]) -> _Axis:
    """What can fit together of the criteria that one property decides, each with a connection for which it does."""
    mine = [one for one in criteria if one[0] in names]
    items = {name: list(_items(name, mine)) for name in names}
    if names[0] == "user":
        tried = _people(items["user"], items["group"], members)
    elif names[0] in _FIELDS:
        values = [
            *_ELSEWHERE[names[0]],
            *(value for item in items[names[0]] for value in _made(names[0], item)),
        ]
        tried = [replace(Connection(), **{_FIELDS[names[0]]: value}) for value in values]  # type: ignore[arg-type]
    elif names[0] == "localport":
        ports = [one for one in items["localport"] if one.isdecimal()]
        tried = [Connection(lport=int(port)) for port in ("22", "1", *ports)]
    else:
        tried = [
            Connection(),
            *(Connection(also=frozenset({one})) for one in mine),
            Connection(also=frozenset(mine)),
        ]
    found: dict[frozenset[Criterion], Connection] = {}
    for connection in tried:
        found.setdefault(frozenset(one for one in mine if sshd_match.fits(*one, connection)), connection)
    return found


def _items(name: str, criteria: list[Criterion]) -> Iterator[str]:
    for criterion, pattern in criteria:
        if criterion == name:
            yield from (item.removeprefix("!") for item in pattern.split(",") if item.removeprefix("!"))


def _people(users: list[str], groups: list[str], members: Mapping[str, tuple[str, ...]]) -> list[Connection]:
    """Users whom conditions name, with their groups; users of each group; somebody in a group of elsewhere."""
    of: dict[str, list[str]] = {}
    for group, names in members.items():
        for name in names:
            of.setdefault(name, []).append(group)
    named = [value for item in users for value in _made("user", item)]
    wanted = [one for one in members if any(sshd_match.pattern_list(one, item) for item in groups)]
    named += [name for group in wanted for name in members[group][:3]]
    found = [
        Connection(NOBODY),
        *(Connection(name, groups=tuple(of.get(name, ()))) for name in dict.fromkeys(named)),
    ]
    strangers = [NOBODY, *(name for name in named if name not in of)]
    elsewhere = [
        _made("group", item)[0]
        for item in groups
        if not any(sshd_match.pattern_list(one, item) and members[one] for one in members)
    ]
    for name in strangers:
        found += [Connection(name, groups=(group,), asks_directory=True) for group in elsewhere]
        if len(elsewhere) > 1:
            found.append(Connection(name, groups=tuple(elsewhere), asks_directory=True))
    return found


def _made(name: str, item: str) -> list[str]:
    """Values that fit one item of a pattern list."""
    if name in ("address", "localaddress"):
        try:
            network = ipaddress.ip_network(item, strict=False)
        except ValueError:
            return [item.replace("*", "1").replace("?", "1")]
        last = min(network.num_addresses - 1, 2**20)
        return list(dict.fromkeys(str(network[at]) for at in (min(1, last), last)))
    made = [item.replace("*", filler).replace("?", "x") for filler in _FILLERS]
    return list(
        dict.fromkeys(one.lower() if name == "host" else one for one in made)
    )  # the DNS's are lower case


def _joined(parts: list[Connection]) -> Connection:
    whole = parts[0]
    for name, part in zip(("", "host", "address", "laddress", "lport", "also"), parts, strict=True):
        if name:
            whole = replace(whole, **{name: getattr(part, name)})
    return whole
