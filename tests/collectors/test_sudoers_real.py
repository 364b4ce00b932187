"""The reader of sudoers held to sudo's own parser (cvtsudoers), on generated files."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.readers import sudoers
from tests.collectors.twin import Node, Twin

pytestmark = pytest.mark.real("cvtsudoers")

USERS = [
    "alice",
    "bob",
    "%wheel",
    "%domain\\ users",
    '"%it staff"',
    "#1000",
    "%#27",
    "+net",
    "ALL",
    "!carol",
    "OPS",
]
HOSTS = ["ALL", "web1", "!web2", "10.0.0.0/8", "FLEET"]
RUNAS = ["(ALL)", "(ALL:ALL)", "(root)", "(postgres, #5)", "(:adm)", "(DBA : adm)", "()", ""]
TAGS = [
    "",
    "",
    "NOPASSWD:",
    "NOPASSWD: ",
    "PASSWD:",
    "NOEXEC: NOPASSWD:",
    "SETENV:NOPASSWD:",
    "NOPASSWD : LOG_INPUT:",
]
COMMANDS = [
    "ALL",
    "/bin/ls",
    '/bin/ls ""',
    "/bin/ls -l /a\\,b",
    "!/bin/su",
    "! /usr/bin/id",
    "sudoedit /etc/hosts",
    "/usr/bin/apt install *",
    "PKG",
    "/bin/x \\=y",
    "sha256:" + "ab" * 32 + " /bin/z",
]
LINES = [
    "Defaults env_reset, mail_badpass",
    "Defaults !authenticate",
    "Defaults:alice !authenticate",
    "Defaults:OPS authenticate",
    'Defaults secure_path="/usr/sbin:/usr/bin", !lecture',
    "Defaults@web1 exempt_group=sudo",
    "Defaults>root passwd_tries=2",
    'Defaults env_keep += "A B", timestamp_timeout = -1',
    "Defaults\t!requiretty # a comment",
    "# ALL ALL = NOPASSWD: ALL",
    "",
    "  ",
]
ALIASES = """User_Alias OPS = dave, %ops, !erin : OTHERS = x
Host_Alias FLEET = db1, !db2
Runas_Alias DBA = oracle, mysql
Cmnd_Alias PKG = /usr/bin/apt update, \\
    /usr/bin/dpkg -l
"""
BROKEN = [
    "alice ALL = (ALL NOPASSWD: ALL",
    "alice ALL",
    "= ALL",
    "alice ALL =",
    "Defaults",
    "User_Alias X",
    "a ALL = ,",
]


@st.composite
def lists(draw: st.DrawFn, words: list[str]) -> str:
    chosen = draw(st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True))
    return draw(st.sampled_from([", ", ",", " , "])).join(chosen)


@st.composite
def rules(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        commands = [
            " ".join(
                (draw(st.sampled_from(RUNAS)), draw(st.sampled_from(TAGS)) + draw(st.sampled_from(COMMANDS)))
            )
            for _ in range(draw(st.integers(1, 3)))
        ]
        parts.append(f"{draw(lists(HOSTS))} = {', '.join(commands)}")
    joint = draw(st.sampled_from([" : ", ":", " :\\\n  "]))
    return f"{draw(lists(USERS))} {joint.join(parts)}" + draw(st.sampled_from(["", "", " # a comment", "\t"]))


FILES = st.lists(st.one_of(rules(), rules(), st.sampled_from(LINES)), max_size=6).map("\n".join)


def read(text: str) -> sudoers.Sudoers:
    return sudoers.parse(Twin({"/etc/sudoers": Node(content=text.encode())}))


def word(item: dict[str, Any]) -> str:
    """An item of cvtsudoers' JSON as it stands in the file."""
    told = {name: value for name, value in item.items() if name != "negated"}
    ((kind, value),) = told.items() if "command" not in told else [("command", told["command"])]
    mark = {"usergroup": "%", "usergid": "%#", "userid": "#", "netgroup": "+"}.get(kind, "")
    return ("!" if item.get("negated") else "") + mark + str(value)


def theirs(told: dict[str, Any]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for spec in told.get("User_Specs", []):
        users = tuple(word(one) for one in spec["User_List"])
        hosts = tuple(word(one) for one in spec["Host_List"])
        for commands in spec["Cmnd_Specs"]:
            options = {name: value for one in commands.get("Options", []) for name, value in one.items()}
            runas = tuple(filter(None, (word(one) for one in commands.get("runasusers", []))))
            free = options.get("authenticate") is False
            found.extend((users, hosts, runas, free, word(one)) for one in commands["Commands"])
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=FILES)
def test_rules_and_defaults(tmp_path: Path, text: str) -> None:
    """The same users, hosts, target users, tags and commands; the same settings with the same scope."""
    path = tmp_path / "sudoers"
    path.write_text(ALIASES + text + "\n")
    done = subprocess.run(["cvtsudoers", "-f", "json", path], capture_output=True, text=True, check=True)
    assert "syntax error" not in done.stderr, done.stderr
    told = json.loads(done.stdout or "{}")
    ours = read(ALIASES + text + "\n")
    mine = [(one.users, one.hosts, one.runas or (), bool(one.nopasswd), one.command) for one in ours.rules]
    assert theirs(told) == mine
    event(f"{len(mine)} rules")
    assert _their_settings(told) == [(one.name, one.value == "false") for one in ours.defaults]


def _their_settings(told: dict[str, Any]) -> list[tuple[str, bool]]:
    options = [one for entry in told.get("Defaults", []) for one in entry["Options"]]
    return [(name, value is False) for one in options for name, value in one.items() if name != "operation"]


@pytest.mark.parametrize("line", BROKEN)
def test_line_that_sudo_refuses(tmp_path: Path, line: str) -> None:
    """What sudo calls a syntax error is malformed here: never silently nothing."""
    path = tmp_path / "sudoers"
    path.write_text(line + "\n")
    done = subprocess.run(["cvtsudoers", "-f", "json", path], capture_output=True, text=True, check=False)
    assert "syntax error" in done.stderr
    with pytest.raises(Unseen) as caught:
        read(line + "\n")
    assert ("malformed", "/etc/sudoers:1") == (caught.value.reason, caught.value.source)
