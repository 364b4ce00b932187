"""Property lists: whatever their bytes, they are read or malformed."""

import plistlib
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.readers import macos_plist

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
