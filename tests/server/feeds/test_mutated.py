"""Every value of a vendor's file replaced by every other kind of value: an error of ours, or a feed that reads."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from config import feed
from config.errors import InputError
from server.feeds import eol, kev, osv
from server.feeds.reading import Reduced
from tests.server.feeds import vendors
from tests.server.twin import NOW

_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1.5, "", "x", "\0", "é", "2026-02-30", "9999-12-31", "0001-01-01T00:00:00Z",
    [], {}, [None], [[]], {"": {}}, ["x"], {"x": "x"}, "x" * 5000,
)  # fmt: skip
FILES: dict[str, Any] = {
    "kev": vendors.kev("CVE-2021-4034"),
    "osv": vendors.osv("DSA-1-1", aliases=["CVE-2021-4034"], related=["CVE-2021-1"]),
    "eol": vendors.eol(),
    "eol_older": [vendors.cycle()],
}


def _reduce(name: str, content: Any) -> Reduced:
    source = vendors.source(content, "debian.json")
    if name == "kev":
        return kev.reduce(source, NOW)
    if name == "osv":
        return osv.reduce([source], NOW, lambda done, total: None, is_whole=True)
    return eol.reduce([source], NOW, published_on="2026-11-18")


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    yield ()
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from ((key, *rest) for rest in _places(value[key]))


def _mutated(name: str) -> Iterator[Any]:
    for place in _places(FILES[name]):
        for value in (*_VALUES, ...):
            changed = copy.deepcopy(FILES[name])
            if not place:
                changed = value if value is not ... else {}
            else:
                inner = changed
                for key in place[:-1]:
                    inner = inner[key]
                if value is ...:
                    del inner[place[-1]]
                else:
                    inner[place[-1]] = value
            yield changed


@pytest.mark.parametrize("name", FILES)
def test_mutated(name: str) -> None:
    """Nothing else than an InputError with a code of feeds comes out, and what is accepted can be read."""
    refused = accepted = total = 0
    for content in _mutated(name):
        total += 1
        try:
            made = _reduce(name, content)
        except InputError as error:
            refused += error.code.startswith("feed_") and len(error.message) < 500
        else:
            assert made.published_at == feed.read(name[:3], made.data).published_at, content
            accepted += 1
    assert total == refused + accepted
    assert refused > 50
    assert accepted > 10
