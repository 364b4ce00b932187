"""The declaration of a network, from a file."""

from pathlib import Path

import pytest

from collectors.door_network import Device
from collectors.doors import network_declaration

GOOD = """
owner = "Example"
ranges = ["203.0.113.0/29"]
exclude = ["203.0.113.1"]
allowed = ["203.0.113.2:443"]
allow_public = ["203.0.113.0/28"]
known = "devices.txt"
"""
WRONG = {
    "owner = ": "is no TOML",
    'owner = "Example"': "between one and 64 ranges",
    'ranges = ["10.0.0.0/24"]': "the owner of the range must be named",
    'owner = "Example"\nranges = "10.0.0.0/24"': "ranges is a list of texts",
    'owner = "Example"\nranges = [10]': "ranges is a list of texts",
    'owner = ["Example"]\nranges = ["10.0.0.0/24"]': "owner is a text",
    'owner = "Example"\nrange = ["10.0.0.0/24"]': "there is no 'range' in a declaration",
    'owner = "Example"\nranges = ["10.0.0.0/24"]\nknown = "none"': "none cannot be read: not_found",
    'owner = "Example"\nranges = ["10.0.0.0/24"]\nknown = "picture"': "picture is no text",
}


def test_good(tmp_path: Path) -> None:
    """All of it, the list of devices beside it."""
    (tmp_path / "devices.txt").write_text("203.0.113.2\n")
    (tmp_path / "n.toml").write_text(GOOD)
    declared = network_declaration.read(str(tmp_path / "n.toml"))
    assert (declared.owner, declared.ranges) == ("Example", ("203.0.113.0/29",))
    assert declared.excluded == ("203.0.113.1/32",)
    assert declared.allowed == {("203.0.113.2", 443)}
    assert declared.known == (Device("203.0.113.2"),)


@pytest.mark.parametrize("text", WRONG)
def test_wrong(text: str, tmp_path: Path) -> None:
    """One sentence says what is wrong."""
    (tmp_path / "picture").write_bytes(b"\xff\xfe")
    (tmp_path / "n.toml").write_text(text)
    with pytest.raises(ValueError, match=WRONG[text]):
        network_declaration.read(str(tmp_path / "n.toml"))
    with pytest.raises(ValueError, match="cannot be read: not_found"):
        network_declaration.read(str(tmp_path / "none.toml"))
