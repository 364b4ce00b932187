"""DNS names on the list of known devices: what they lead to, and what no answer leaves open."""

from dataclasses import replace

import pytest

from collectors.door_network import Device
from collectors.doors import network_names
from collectors.readers.network_range import declare

ANSWERS = {"web.example": ["10.0.0.5", "fd00::5"], "gone.example": [], "late.example": None}


def test_resolved() -> None:
    """A name becomes its addresses, none where it has none; without an answer it stays, and so does what is no name."""
    known = "02:00:00:00:00:01\nweb.example  # directory corp\ngone.example\nlate.example\n"
    found = network_names.resolved(declare(["10.0.0.0/24"], "Example", known=known), ANSWERS.__getitem__)
    assert found.known == (
        Device(mac="02:00:00:00:00:01"),
        Device("10.0.0.5", name="web.example", source="directory corp"),
        Device("fd00::5", name="web.example", source="directory corp"),
        Device(name="late.example"),
    )
    assert [one.entry for one in found.known] == [
        "02:00:00:00:00:01",
        "web.example",
        "web.example",
        "late.example",
    ]


def test_out_of_time() -> None:
    """No name is asked for once the time is over; nobody asks without names."""

    def refused(name: str) -> list[str]:
        pytest.fail(f"asked for {name}")

    declared = declare(["10.0.0.0/24"], "Example", known="web.example")
    assert network_names.resolved(declared, refused, 0).known == (Device(name="web.example"),)
    plain = replace(declared, known=(Device("10.0.0.1"),))
    assert network_names.resolved(plain, refused) is plain


def test_lookup() -> None:
    """A name of this machine has its addresses; one that cannot exist has none, or there was no answer."""
    assert "127.0.0.1" in (network_names.lookup("localhost") or ())
    assert not network_names.lookup("no-such-name.invalid")
