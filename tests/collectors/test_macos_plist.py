"""Property lists: whatever their bytes, they are read or malformed."""

import plistlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.readers import macos_plist
from tests.collectors.twin import Node, Twin, denied

GOOD = [plistlib.dumps({"a": [True, 1, "x", b"y", {"b": 2.5}]}, fmt=kind) for kind in plistlib.PlistFormat]


CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6)


@given(st.sampled_from(GOOD), CHANGES, st.integers(0, 400))
def test_damaged(good: bytes, changes: list[tuple[int, int]], length: int) -> None:
    """Bytes that were changed or cut off raise nothing but `Unseen`."""
    raw = bytearray(good)
    for at, byte in changes:
        raw[at % len(raw)] = byte
    for damaged in (bytes(raw), bytes(raw[:length])):
        with suppress(Unseen):
            assert isinstance(macos_plist.parse(damaged, "x"), dict)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<plist version="1.0"><dict><key>a</key><string>&b;</string></dict></plist>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<plist version="1.0"><dict><key>a</key><string>&a;</string></dict></plist>"""


@pytest.mark.parametrize("raw", [BOMB, OUTSIDE, b"", b"null", b"{ a = 1; }", plistlib.dumps([{}, 1])])
def test_refused(raw: bytes) -> None:
    """No entity is taken in, and what has another shape is malformed."""
    for reader in (macos_plist.parse, macos_plist.records):
        with pytest.raises(Unseen, match="malformed"):
            reader(raw, "x")


def test_preferences() -> None:
    """A profile's value goes before the Mac's own; an unreadable profile is not passed over."""
    own, managed = "/Library/Preferences/d.plist", "/Library/Managed Preferences/d.plist"
    nodes = {
        own: Node(content=plistlib.dumps({"a": 1, "b": 1})),
        managed: Node(content=plistlib.dumps({"a": 2})),
    }

    assert ({"a": 2, "b": 1}, (own, managed)) == macos_plist.preferences(Twin(nodes), "d")
    assert ({}, (own,)) == macos_plist.preferences(Twin({}), "d")
    with pytest.raises(Unseen, match="permission_denied"):
        macos_plist.preferences(denied(Twin(nodes), managed), "d")
