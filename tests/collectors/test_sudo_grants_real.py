"""What the rules of sudo come to, held to the real sudo: whom it lets run what, and whom it asks."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from collectors import privileges
from collectors.readers import administrators, sudo_grants
from tests.collectors import sudo_peer
from tests.collectors.sudo_peer import SudoPeer
from tests.collectors.twin import Node, Twin

pytestmark = [pytest.mark.real("unshare", "sudo", root=True), pytest.mark.xdist_group("peer")]

NAMES = ["web1", "web1.example.com"]
USERS = [
    "alice",
    "bob",
    "carol",
    "ALL",
    "%ops",
    "%night",
    "#64203",
    "%#64210",
    "TEAM",
    "!alice",
    "!%night",
    "!TEAM",
]
HOSTS = ["ALL", "ALL", "ALL", "ALL, !elsewhere", "elsewhere", "HERE"]
RUNAS = ["", "", "(ALL)", "(ALL:ALL)", "(root)", "(nobody)", "(ALL, !root)", "(#0)", "(nobody, BOSS)"]
TAGS = ["", "", "NOPASSWD: ", "NOPASSWD: ", "PASSWD: "]
COMMANDS = [
    "ALL",
    "ALL",
    "/usr/bin/true",
    "/usr/bin/id",
    "/bin/id",
    "/usr/bin/",
    "/usr/bin/s?",
    "/usr/bin/id -u",
]
COMMANDS += [
    "!/usr/bin/true",
    "!ALL",
    "SOME",
    "!SOME",
    "/bin/sh",
    "!/usr/bin/id",
    '/usr/bin/id ""',
    "/usr/bin/i*",
]
ASKED = ["/usr/bin/true", "/usr/bin/id", "/usr/bin/id -u", "/usr/bin/sh -c :", "/usr/bin/cksum /dev/null"]
ASKED += ["/usr/bin/su --version"]  # /usr/bin/s? opens it too
HEAD = """User_Alias TEAM = bob, %night, !carol
Host_Alias HERE = ALL, !elsewhere
Runas_Alias BOSS = root
Cmnd_Alias SOME = /usr/bin/true, !/usr/bin/id, /bin/sh
"""
DEFAULTS = ["Defaults", "Defaults:alice", "Defaults:TEAM", "Defaults:ALL,!bob", "Defaults:%ops"]


@pytest.fixture(scope="module")
def peer() -> Iterator[SudoPeer]:
    with SudoPeer() as running:
        yield running


@st.composite
def rules(draw: st.DrawFn) -> str:
    users = ", ".join(draw(st.lists(st.sampled_from(USERS), min_size=1, max_size=2, unique=True)))
    parts = [
        f"{draw(st.sampled_from(RUNAS))} {draw(st.sampled_from(TAGS))}{draw(st.sampled_from(COMMANDS))}"
        for _ in range(draw(st.integers(1, 3)))
    ]
    return f"{users} {draw(st.sampled_from(HOSTS))} = {', '.join(parts)}\n"


def twin(files: dict[str, str]) -> Twin:
    given = {"passwd": sudo_peer.passwd(), "group": sudo_peer.group(), "hostname": "web1\n", **files}
    return Twin({f"/etc/{name}": Node(content=text.encode()) for name, text in given.items()}, offline=True)


def ours(host: Twin, user: str, command: str) -> set[str]:
    """The answers that stay open for one user and command."""
    command = command if " " in command else f'{command} ""'  # with no argument, not with any
    told = sudo_grants.decided(
        administrators.grants(host), administrators.asker(host, user), ("root",), command
    )
    return {one or sudo_grants.DENIED for one in told}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(main=st.lists(rules(), min_size=1, max_size=3), drop_in=st.lists(rules(), max_size=2))
def test_decisions(peer: SudoPeer, main: list[str], drop_in: list[str]) -> None:
    """Who may run what, who without a password, who is an administrator: as sudo has it, by the last match."""
    files = {
        "sudoers": HEAD + "".join(main) + "@include not-there\n@includedir /etc/sudoers.d\n",
        "sudoers.d/ours": "".join(drop_in) or "# none\n",
        "sudoers.d/zz.off": "ALL ALL=(ALL) NOPASSWD: ALL\n",
    }
    asked = [(user, command) for user in sudo_peer.USERS for command in ASKED]
    told = dict(zip(asked, peer.decide(files, asked), strict=True))
    host = twin(files)
    for (user, command), (may, free) in told.items():
        theirs = (
            sudo_grants.ALLOWED_FREE if free else sudo_grants.ALLOWED_ASKED if may else sudo_grants.DENIED
        )
        event(theirs)
        assert ours(host, user, command) == {theirs}, (user, command)
    found = privileges.collect(host)
    admins = found.facts["privileges.administrators"]
    for user in sudo_peer.USERS:
        if administrators.EVERYBODY not in admins:  # type: ignore[operator]
            assert (user in admins) == any(told[user, command][0] for command in ASKED[-3:]), user  # type: ignore[operator]
    if any(free for _, free in told.values()):
        assert found.facts["privileges.nopasswd_rules"]
