"""The order of Debian versions, held to dpkg's own."""

import subprocess

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.deb_version import key

# Of few letters, so that two versions often differ in one place only.
TAILS = st.text("019~.+-aZ:", max_size=6)
VERSIONS = st.builds("".join, st.tuples(st.sampled_from(["", "0:", "1:"]), st.sampled_from("0012"), TAILS))
PAIRS = st.lists(st.tuples(VERSIONS, VERSIONS), min_size=100, max_size=100)
DPKG = """
while read -r a b; do
    { dpkg --validate-version "$a" && dpkg --validate-version "$b"; } >/dev/null 2>&1 || { echo none; continue; }
    dpkg --compare-versions "$a" lt "$b" && echo -1 && continue
    dpkg --compare-versions "$a" gt "$b" && echo 1 || echo 0
done
"""


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+b"),
        ("1.9", "1.10"),
        ("9", "1:1"),
        ("1.0-1", "1.0-1+deb12u1"),
        ("3.0.11-1~deb12u1", "3.0.11-1"),
        ("1.0~~", "1.0~"),
        ("1.0-1", "1.0.1-0"),
        ("1-1", "1-1-1"),
    ],
)
def test_order(smaller: str, larger: str) -> None:
    """Numbers are numbers, a tilde comes before the end, the epoch before all."""
    low, high = key(smaller), key(larger)
    assert low
    assert high
    assert low < high


@pytest.mark.parametrize(("one", "other"), [("1", "1-0"), ("1.0", "0:1.00"), ("1a", "1a0")])
def test_equal(one: str, other: str) -> None:
    """What dpkg takes for the same is the same."""
    assert key(one) == key(other)


@pytest.mark.parametrize(
    "text", ["", "1-", "a1", "1_2", ":1", "0:", "1.0:1", "1 2", "1\n", "x" * 300, "9" * 300, "1:\u0661"]
)
def test_none(text: str) -> None:
    """What is no version has no place among them, and costs nothing."""
    assert key(text) is None


@pytest.mark.real("dpkg")
@given(PAIRS)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_as_dpkg(pairs: list[tuple[str, str]]) -> None:
    """Any two versions are ordered as dpkg orders them, and what dpkg warns of or refuses is none."""
    lines = "".join(f"{one} {other}\n" for one, other in pairs)
    said = subprocess.run(["bash", "-c", DPKG], input=lines, capture_output=True, text=True, check=True)
    for (one, other), wanted in zip(pairs, said.stdout.split(), strict=True):
        low, high = key(one), key(other)
        if low is not None and high is not None:
            assert wanted == str((low > high) - (low < high)), (one, other)
        else:
            assert "none" == wanted, (one, other)
