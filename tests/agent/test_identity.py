"""Who a host is."""

from __future__ import annotations

import re

import pytest

from agent.identity import enrolled, load_key, make_key, new_host_id, read_identity, subject_id
from agent.shipping import Shipping, read_shipping, write_shipping
from agent.state import State, write_json
from config import keys
from config.errors import InputError


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("web-1", "web-1"),
        ("Web_1.Example", "web-1-example"),
        ("", "host"),
        ("ÜÖ", "host"),
        ("a" * 200, "a" * 100),
    ],
)
def test_subject_id(name: str, subject: str) -> None:
    """Any host name becomes an id that a statement may carry."""
    assert subject == subject_id(name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,127}", subject_id(name))


def test_host_id() -> None:
    """Derived from the key: the same each time, another for another key, and telling neither."""
    first, second = keys.generate(), keys.generate()
    assert new_host_id(first) == new_host_id(first) != new_host_id(second)
    assert new_host_id(first)[2:] not in first.public.key_id


def test_key(fresh: State) -> None:
    """Made once; gone, it is missed."""
    assert make_key(fresh).public.key_id == make_key(fresh).public.key_id == load_key(fresh).public.key_id
    fresh.path("key.pem").unlink()
    with pytest.raises(InputError, match="key_missing"):
        load_key(fresh)


def test_no_identity(fresh: State) -> None:
    """Not enrolled, or with a file that is no identity."""
    assert None is read_identity(fresh)
    with pytest.raises(InputError, match="not_enrolled"):
        enrolled(fresh)
    write_json(fresh, "identity.json", {"host_id": "h-1"})
    with pytest.raises(InputError, match="state_file_damaged"):
        read_identity(fresh)


def test_shipping(fresh: State) -> None:
    """What is remembered comes back; a damaged memory is as good as none."""
    remembered = Shipping(
        "2026-11-24T12:00:00Z", None, 3, "a" * 64, 9, -5, None, 2, {"code": "c", "message": "m", "hint": ""}
    )
    write_shipping(fresh, remembered)
    assert remembered == read_shipping(fresh)
    fresh.path("shipping.json").write_bytes(b"{")
    assert Shipping() == read_shipping(fresh)
    fresh.path("shipping.json").write_bytes(b'{"failures":"x","sequence":true,"problem":1}')
    assert Shipping() == read_shipping(fresh)
