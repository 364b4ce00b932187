"""Property lists of a Mac that hold something else than they should are read or unseen; no fact has a wrong type."""

import plistlib
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from xml.parsers.expat import ExpatError

import pytest

from collectors import discover
from collectors.door import Command
from tests.collectors.cases import cases, run, twin
from tests.collectors.twin import Node, Twin

MADE = 30
STRANGE: list[Any] = [
    True,
    0,
    -1,
    2**62,
    1.5,
    "",
    "x",
    "-",
    b"\xff",
    [],
    ["x", 1],
    {},
    {"x": [1]},
    [[]],
    [{}],
    [{"x": 1}],
]


def parts(host: Twin) -> Iterator[tuple[str, Any, bytes, Any]]:
    """Where the host has a property list: kind, key, what stands before it, its value."""
    told = {key: one.stdout for key, one in host.commands.items() if isinstance(one, Command)}
    for kind, found in (("file", {path: one.content for path, one in host.nodes.items()}), ("command", told)):
        for key, raw in found.items():
            at = max(raw.find(b"<?xml"), raw.find(b"bplist"))
            with suppress(ValueError, ExpatError):  # a case may be about a torn one
                if at >= 0:
                    yield kind, key, raw[:at], plistlib.loads(raw[at:])


def changed(value: Any, chance: random.Random) -> Any:
    """The same with something strange at one place, or without what stood there."""
    if not isinstance(value, list | dict) or not value or chance.random() < 0.2:
        return chance.choice(STRANGE)
    made = value.copy()
    key = chance.choice([*made] if isinstance(made, dict) else range(len(made)))
    if chance.random() < 0.2:
        del made[key]
    else:
        made[key] = changed(made[key], chance)
    return made


def laid(host: Twin, kind: str, key: Any, raw: bytes) -> Twin:
    if kind == "file":
        return replace(host, cache={}, asked=[], nodes={**host.nodes, key: Node(content=raw)})
    return replace(host, cache={}, asked=[], commands={**host.commands, key: Command(key, 0, raw, b"")})


@pytest.mark.no_cover  # what it runs is measured elsewhere
@pytest.mark.parametrize("subject", sorted(discover("macos")))
def test_strange_values(subject: str) -> None:
    """Whatever one value is replaced by, the collector ends, and every fact has its type and a source."""
    chance = random.Random(subject)
    found = [(twin(case), *part) for case in cases(subject) for part in parts(twin(case))]
    for _ in range(MADE if found else 0):
        host, kind, key, before, value = chance.choice(found)
        fmt = chance.choice([*plistlib.PlistFormat])
        run(subject, laid(host, kind, key, before + plistlib.dumps(changed(value, chance), fmt=fmt)))
