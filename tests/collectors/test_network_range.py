"""Which ranges may be looked at, and how a list of known devices is read."""

import pytest

from collectors.door_network import Device
from collectors.readers.network_range import ADDRESSES_MAX, declare, devices

REFUSED = {
    "10.0.0.0/33": "is no range",
    "10.0.0.5/24": "is no network: 10.0.0.0/24 would be",
    "10.0.0.0/255.255.255.0": "is no range",
    "10.0.0.0/0.0.0.255": "is no range",
    "10.0.0.0/+24": "is no range",
    "10.0.0.1-20": "is no range",
    "10.0.0.*": "is no range",
    "10.0.0": "is no range",
    "010.0.0.1": "is no range",
    "10.0.0.1 10.0.0.2": "is no range",
    " 10.0.0.1": "is no range",
    "\u0661\u0660.0.0.1": "is no range",
    "167772161": "is no range",
    "": "is no range",
    "router.example": "is no range",
    "-iL/etc/passwd": "is no range",
    "--script=exploit": "is no range",
    "fe80::1%eth0": "is no range",
    "10.0.0.0/8": "16777216 addresses are too many",
    "10.0.0.0/19": "8192 addresses are too many",
    "fd00::/64": "addresses are too many",
    "0.0.0.0": "no host's",
    "0.0.0.0/0": "addresses are too many",
    "224.0.0.0/24": "no host's",
    "255.255.255.255": "no host's",
    "240.0.0.1": "no host's",
    "ff02::1": "no host's",
    "fe80::1": "no host's",
    "::ffff:10.0.0.1": "no host's",
    "::": "no host's",
    "8.8.8.8": "8.8.8.8/32 is not private",
    "192.0.2.0/24": "is not private",
    "100.64.0.0/24": "is not private",
    "2001:db8::/120": "is not private",
    "172.32.0.0/24": "is not private",
    "192.168.255.0/23": "is no network",
}
TAKEN = {
    "10.0.0.0/24": "10.0.0.0/24",
    "10.0.0.5": "10.0.0.5/32",
    "192.168.0.0/20": "192.168.0.0/20",
    "fd00:0:0::5": "fd00::5/128",
    "127.0.0.1": "127.0.0.1/32",
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    """A mistake is refused in one sentence, and never repaired."""
    with pytest.raises(ValueError, match=REFUSED[text]) as told:
        declare([text], "Example")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", TAKEN)
def test_taken(text: str) -> None:
    """What nmap is given is written anew."""
    assert declare([text], "Example").ranges == (TAKEN[text],)


def test_public_ranges_are_allowed_by_name() -> None:
    """The name covers what lies in it, and nothing beyond; many ranges are counted together."""
    named = ["203.0.113.0/29"]
    assert declare(["203.0.113.4"], "Example", allow_public=named).ranges == ("203.0.113.4/32",)
    for text in ("203.0.113.8", "203.0.113.0/28", "2001:db8::1"):
        with pytest.raises(ValueError, match="not private"):
            declare([text], "Example", allow_public=named)
    with pytest.raises(ValueError, match="no host's"):
        declare(["224.0.0.1"], "Example", allow_public=["224.0.0.1"])
    half = [f"10.{number}.0.0/20" for number in range(2)]
    with pytest.raises(ValueError, match=f"takes up to {ADDRESSES_MAX}"):
        declare(half, "Example")


def test_owner_and_families() -> None:
    """Somebody owns a range, and a scan has one family."""
    for owner in ("", "  ", "x" * 101, "a\nb", "a\x1b[2J"):
        with pytest.raises(ValueError, match="owner"):
            declare(["10.0.0.1"], owner)
    with pytest.raises(ValueError, match="one after the other"):
        declare(["10.0.0.1", "fd00::1"], "Example")
    for ranges in ([], ["10.0.0.1"] * 65):
        with pytest.raises(ValueError, match="between one and 64"):
            declare(ranges, "Example")


def test_allowed_and_excluded() -> None:
    """Services are an address and a port, exclusions are ranges."""
    declared = declare(
        ["10.0.0.0/24"], "Example", allowed=["10.0.0.5:443", "[fd00:0::5]:22"], excluded=["10.0.0.64/28"]
    )
    assert declared.allowed == {("10.0.0.5", 443), ("fd00::5", 22)}
    assert declared.excluded == ("10.0.0.64/28",)
    for text in (
        "10.0.0.5",
        "10.0.0.5:0",
        "10.0.0.5:65536",
        "10.0.0.5:+1",
        "web:443",
        "10.0.0.0/24:443",
        ":443",
    ):
        with pytest.raises(ValueError, match="is no service"):
            declare(["10.0.0.0/24"], "Example", allowed=[text])
    with pytest.raises(ValueError, match="is no range"):
        declare(["10.0.0.0/24"], "Example", excluded=["--script"])


def test_known_devices() -> None:
    """A line is an address, a hardware address in one of its spellings, both, or a DNS name; then its source."""
    text = "10.0.0.1\n# all of it\n\n02-00-00-00-00-AA # printer\n020000000005, 10.0.0.5\r\nfd00:0::1\n"
    assert devices(text) == (
        Device("10.0.0.1"),
        Device(mac="02:00:00:00:00:aa", source="printer"),
        Device("10.0.0.5", "02:00:00:00:00:05"),
        Device("fd00::1"),
    )
    named = "Srv1.Example.com.  # directory corp, 2026-11-24T12:00:00Z\x1b[2J\n10.0.0.5.example\n"
    source = "directory corp, 2026-11-24T12:00:00Z [2J"
    assert devices(named) == (Device(name="srv1.example.com", source=source), Device(name="10.0.0.5.example"))
    wrong = ("router", "10.0.0.1 10.0.0.2", "10.0.0.0/24", "02:00:00:00:00", "fe80::1%eth0")
    for line in (*wrong, "10.0.0.256", "web.example 10.0.0.5"):
        with pytest.raises(ValueError, match="line 2 of the known devices"):
            devices(f"10.0.0.1\n{line}")
    with pytest.raises(ValueError, match="more than"):
        devices("10.0.0.1\n" * 20_001)
