"""The readers of passwd and shadow held to passwd -S, chage -l and groups, on generated accounts."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.findings import day
from collectors.readers import passwd
from collectors.readers.people import Person, people
from tests.collectors.peer import Peer
from tests.collectors.twin import Node, Twin

pytestmark = [pytest.mark.real("unshare", "useradd", "chage", root=True), pytest.mark.xdist_group("peer")]

HASHES = [
    "$y$j9T$abcdefghijklmnopqrstuv$0123456789012345678901234567890123456789012",
    "$6$abcdefgh$012345678901234567890123456789",
    "$1$abcdefgh$0123456789012345678901",
    "abJnggxhB/yWI",
]
FIELDS = st.one_of(
    st.sampled_from(["", "*", "!", "!!", "!*", "*LK*"]),
    st.sampled_from(HASHES + [f"!{one}" for one in HASHES]),
)
DAYS = st.one_of(st.just(""), st.integers(0, 30000).map(str))
ROOT, ROOT_SHADOW = "root:x:0:0::/root:/bin/sh\n", "root:*:1::::::\n"
ENTRIES = st.tuples(FIELDS, DAYS, DAYS, DAYS, DAYS, DAYS, DAYS)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with Peer() as running:
        yield running


def theirs(line: str) -> tuple[str, ...]:
    """Name, L, P or NP, last change, maximum and inactive days of a line of `passwd -S`."""
    name, state, changed, _, maximum, _, inactive = line.split()
    return name, state, changed, maximum, inactive


def ours(person: Person, shadow: passwd.Ageing) -> tuple[str, ...]:
    state = {"set": "P", "empty": "NP", "locked": "L", "none": "L"}[person.state]
    moment = datetime.fromtimestamp((shadow.changed or 0) * 86400, UTC)
    changed = "never" if shadow.changed is None else moment.strftime("%Y-%m-%d")
    numbers = (shadow.maximum, shadow.inactive)
    return person.account.name, state, changed, *(str(-1 if one is None else one) for one in numbers)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ENTRIES, min_size=1, max_size=8))
def test_states_and_ageing(peer: Peer, entries: list[tuple[str, ...]]) -> None:
    """Every account is locked, open or without a password where `passwd -S` says so, and ages alike."""
    names = [f"user{number}" for number in range(len(entries))]
    text = "".join(f"{name}:x:{2000 + n}:2000::/h:/bin/sh\n" for n, name in enumerate(names))
    shadow = "".join(f"{name}:{':'.join(entry)}:\n" for name, entry in zip(names, entries, strict=True))
    text, shadow = ROOT + text, ROOT_SHADOW + shadow
    peer.write({"passwd": text, "shadow": shadow})
    host = Twin({"/etc/passwd": Node(content=text.encode()), "/etc/shadow": Node(content=shadow.encode())})
    aged = passwd.ageing(host)
    told = [theirs(line) for line in peer.run("passwd", "-S", "-a").splitlines()]
    assert told == [ours(one, aged[one.account.name]) for one in people(host)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expires=st.integers(1, 30000), maximum=st.one_of(st.none(), st.integers(0, 99999)))
def test_expiry_as_chage_tells_it(peer: Peer, expires: int, maximum: int | None) -> None:
    """The day on which an account ends, and whether its password ever does."""
    line = f"u:$1$abcdefgh$0123456789012345678901:19000:0:{'' if maximum is None else maximum}:::{expires}:\n"
    text, shadow = f"{ROOT}u:x:2000:2000::/h:/bin/sh\n", ROOT_SHADOW + line
    peer.write({"passwd": text, "shadow": shadow})
    told = dict(
        line.split("\t: ") for line in peer.run("chage", "-i", "-l", "u").splitlines() if "\t: " in line
    )
    told = {name.strip(): value for name, value in told.items()}
    host = Twin({"/etc/passwd": Node(content=text.encode()), "/etc/shadow": Node(content=shadow.encode())})
    _, one = people(host)
    assert told["Account expires"] == day(one.expires or 0)
    assert (told["Password expires"] == "never") == (one.maximum == passwd.NEVER_DAYS)
