"""Regular expressions for passwords: whatever is said to be demanded, every password that fits has."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.readers import password_patterns

SETS = st.sampled_from(
    ["A-Z", "a-z", "0-9", "a-zA-Z", "A-Za-z0-9", "^a-zA-Z0-9", "^a-z", "!@#", "A-Z!", "abc", "0-9-"]
)
TIMES = st.integers(0, 3)
AHEAD = st.one_of(
    st.builds("(?=.*[{}])".format, SETS),
    st.builds("(?=(.*[{}]){{{},}})".format, SETS, TIMES),
    st.just("(?!aa)"),
)
PATTERNS = st.one_of(
    st.builds(".{{{},}}".format, TIMES),
    st.builds("^.{{{},9}}$".format, TIMES),
    st.builds(".{{{}}}".format, TIMES),
    st.builds("(.*[{}].*){{{},}}+".format, SETS, TIMES),
    st.builds(".*[{}].*".format, SETS),
    st.builds(
        "^{}{}".format,
        st.lists(AHEAD, min_size=1, max_size=3).map("".join),
        st.sampled_from([".*", ".+", ".{3,}", ".*$", ".", "a.*"]),
    ),
    st.builds(".{{{},}}|a".format, TIMES),
)
WORDS = st.text("aZ7!", max_size=6)


@given(PATTERNS, st.lists(WORDS, min_size=5, max_size=20))
def test_demands(pattern: str, words: list[str]) -> None:
    """No password that fits has fewer characters or kinds than what is told."""
    told = password_patterns.demands(f"policyAttributePassword matches '{pattern}'")
    if told is None:
        return
    for word in words:
        if re.fullmatch(pattern, word):
            has = {_kind(letter) for letter in word}
            assert all(len(word) >= one.length for one in told)
            assert all(has & one.kinds for one in told if one.kinds)
            assert len(has) >= password_patterns.kinds(told)


def _kind(letter: str) -> str:
    return (
        "upper"
        if letter.isupper()
        else "lower"
        if letter.islower()
        else "digit"
        if letter.isdigit()
        else "other"
    )


@pytest.mark.parametrize(
    ("sets", "fewest"),
    [
        ([], 0),
        (["A-Z"], 1),
        (["A-Z", "a-zA-Z"], 1),
        (["A-Z", "0-9", "^a-zA-Z0-9"], 3),
        (["A-Z", "a-z", "0-9", "^a-zA-Z0-9"], 4),
        (["a-z0-9", "A-Z0-9"], 1),
    ],
)
def test_kinds(sets: list[str], fewest: int) -> None:
    """Demands that one kind meets together count once."""
    found = [
        one
        for letters in sets
        for one in password_patterns.demands(f"policyAttributePassword matches '(.*[{letters}].*){{1,}}'")
        or []
    ]

    assert fewest == password_patterns.kinds(found)
