"""The readers of passwd, shadow and group held to the C library, on lines whole, short and odd."""

import json
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from collectors.readers import passwd
from tests.collectors.peer import Peer
from tests.collectors.twin import Node, Twin

pytestmark = [pytest.mark.real("unshare", "useradd", "getent", root=True), pytest.mark.xdist_group("peer")]

ASK = """import grp, json, pwd
people = [[one.pw_name, one.pw_uid % 2**32, one.pw_gid % 2**32, one.pw_dir, one.pw_shell] for one in pwd.getpwall()]
print(json.dumps([people, [[one.gr_name, one.gr_gid % 2**32, one.gr_mem] for one in grp.getgrall()]]))"""
NAMES = ["root", "toor", "ana", "", "a b", "dup", "dup", "+nis", "-no", "#out", "+", "r\xe9mi"]
NUMBERS = [
    "0",
    "1000",
    "00",
    " 0",
    "+0",
    "-0",
    "-1",
    "",
    "0x0",
    "12a",
    "4294967295",
    "4294967296",
    "0 ",
    "\t7",
]
FIELDS = ["", "x", "*", "/h", "/bin/sh", "a", " b", "a,b", " a , b ,", "x:y"]
DAYS = ["", "1", "0", "-1", "60", " 5", "x", "99999", "7 "]
STARTS = st.sampled_from(["", "", "", " ", "\t "])
ENDS = st.sampled_from(["", "", "", "\r", " ", ":"])


def lines(numbers: int, rest: list[str], most: int) -> st.SearchStrategy[str]:
    """Lines of a name, a field, some numbers and further fields, cut off anywhere."""
    parts = st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(FIELDS[:3]),
        st.lists(st.sampled_from(rest if numbers == 0 else NUMBERS), min_size=0, max_size=max(numbers, most)),
        st.lists(st.sampled_from(rest), max_size=most if numbers else 0),
    )
    whole = st.builds(
        lambda start, told, end: f"{start}{':'.join([told[0], told[1], *told[2], *told[3]])}{end}\n",
        STARTS,
        parts,
        ENDS,
    )
    return st.lists(whole, max_size=6).map("".join)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with Peer() as running:
        running.write({"nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\n"})
        yield running


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(people=lines(2, FIELDS, 4), groups=lines(1, FIELDS, 2), shadow=lines(0, DAYS, 8))
def test_lines(peer: Peer, people: str, groups: str, shadow: str) -> None:
    """The accounts, groups and ageing that the C library finds, in its order; no others."""
    files = {
        "passwd": f"root:x:0:0::/root:/bin/sh\n{people}",
        "group": f"root:x:0:\n{groups}",
        "shadow": f"root:*:1::::::\n{shadow}",
    }
    peer.write(files)
    host = Twin({f"/etc/{name}": Node(content=text.encode()) for name, text in files.items()})
    told, told_groups = json.loads(peer.run(sys.executable, "-c", ASK))
    assert [one for one in told if one[0][:1] not in ("+", "-")] == [
        [one.name, one.uid, one.gid, one.home, one.shell] for one in passwd.accounts(host)
    ]
    assert [one for one in told_groups if one[0][:1] not in ("+", "-")] == [
        [one.name, one.gid, list(one.members)] for one in passwd.groups(host)
    ]
    event(f"{len(told)} accounts")
    ours, seen = passwd.ageing(host), set()
    for line in peer.run("getent", "shadow").splitlines():
        name, field, changed, minimum, maximum, _, inactive, expires, _ = line.split(":")
        if name not in seen and name[:1] not in ("+", "-"):
            seen.add(name)
            days = [None if one == "" else int(one) for one in (changed, minimum, maximum, inactive, expires)]
            assert ours[name] == passwd.Ageing(name, *passwd.password_state(field), *days)
