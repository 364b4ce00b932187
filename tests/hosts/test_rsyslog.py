"""Where logins' messages go: what is claimed of a configuration against what the real rsyslogd does with them.

The cases are in rsyslog_cases.txt, and others are made of random statements. Where a statement that is not
understood decides, Boltseal says so; then it must not claim more than is done.
"""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.doors.root import Root
from collectors.readers import forwarding, rsyslog
from tests.hosts import rsyslogd
from tests.hosts.booted import root_of

pytestmark = [pytest.mark.slow, pytest.mark.real("unshare", "setpriv", "ip", root=True)]

MAIN = "etc/rsyslog.conf"
FILTERS = [
    "authpriv.*", "*.*", "*.info;mail.none", "*.*;auth,authpriv.none", "authpriv.!info", "authpriv.=info", "mail.*",
    "*.!=debug;authpriv.warn", "auth,authpriv.none;*.debug",
    ':programname, isequal, "sshd"', ':programname, !isequal, "cron"', ':msg, contains, "session opened"',
    ':msg, !contains, "[UFW"', ':syslogfacility-text, startswith, "auth"', ':hostname, isequal, "web1"',
]  # fmt: skip
CONDITIONS = [
    "$programname == 'sshd'", '$programname != "nginx"', '$syslogfacility-text == "authpriv"', "$syslogfacility == 4",
    "$syslogseverity <= 6", "$syslogseverity < 5", 'prifilt("auth,authpriv.*")', 'prifilt("*.*;authpriv.none")',
    '$fromhost-ip == "127.0.0.1"', '$hostname == "web2"', '$msg contains "session"', '$syslogtag startswith "cron"',
    "not ($syslogseverity > 5)", '$programname == ["sshd", "sudo", "su", "login"]', '$inputname == "imuxsock"',
    '$programname == "x" or $syslogfacility == 10', '$syslogfacility == 10 and $msg contains "closed"',
]  # fmt: skip
HELD = {"bullseye": 11, "bookworm": 12, "trixie": 13}


def _written(text: str) -> Iterator[dict[str, str]]:
    for case in text.split("%% case\n")[1:]:
        main, *others = re.split(r"^%% (.+)\n", case, flags=re.MULTILINE)
        yield {MAIN: main} | dict(zip(others[::2], others[1::2], strict=True))


def _made(draw: random.Random) -> Iterator[dict[str, str]]:
    """Statements in any order, nested two deep, with two rulesets and drop-ins around them."""
    while True:
        main = [_statement(draw, 2) for _ in range(draw.randint(2, 6))]
        main.insert(draw.randint(0, len(main)), "$IncludeConfig /etc/rsyslog.d/*.conf")
        bodies = {"relay": _statement(draw, 0), "other": _statement(draw, 1)}
        rulesets = [f'ruleset(name="{name}") {{\n{body}\n}}' for name, body in bodies.items()]
        main.insert(draw.randint(0, len(main)), "\n".join(rulesets))
        drop_ins = {f"etc/rsyslog.d/{draw.randint(10, 99)}-x.conf": _statement(draw, 2) for _ in range(2)}
        yield {MAIN: "\n".join(main), **drop_ins}


def _statement(draw: random.Random, depth: int) -> str:
    def inner() -> str:
        return "\n".join(_statement(draw, depth - 1) for _ in range(draw.randint(1, 2)))

    kind = draw.choice(["rule", "rule", "if", "else", "block", "call", "act"] if depth else ["rule", "act"])
    if kind == "rule":
        and_then = draw.choice(["", "", "\n& stop", "\n& @192.0.2.6:514"])
        return f"{draw.choice(FILTERS)} {_old_action(draw)}{and_then}"
    if kind == "if":
        return f"if {draw.choice(CONDITIONS)} then {{\n{inner()}\n}}"
    if kind == "else":
        second = f"if {draw.choice(CONDITIONS)} then {_action(draw)} else " if draw.random() < 0.5 else ""
        return f"if {draw.choice(CONDITIONS)} then {_action(draw)} else {second}{{\n{inner()}\n}}"
    if kind == "block":
        return f"{draw.choice(FILTERS)} {{\n{inner()}\n}}"
    return "call relay" if kind == "call" else _action(draw)


def _action(draw: random.Random) -> str:
    if draw.random() < 0.2:
        return draw.choice(["stop", 'action(type="omfile" file="/var/log/made")'])
    protocol = draw.choice(["udp", "tcp"])
    return f'action(type="omfwd" target="192.0.2.{draw.randint(1, 5)}" port="514" protocol="{protocol}")'


def _old_action(draw: random.Random) -> str:
    return draw.choice(
        [
            "@192.0.2.1:514",
            "@@192.0.2.2:6514",
            "-/var/log/old",
            "@192.0.2.3:514;RSYSLOG_ForwardFormat",
            "stop",
        ]
    )


def _whole(text: str) -> str:
    """`<to 3>` spares the cases a long action."""
    return re.sub(r"<to (\d)>", r'action(type="omfwd" target="192.0.2.\1" port="514" protocol="udp")', text)


def _named(found: set[str] | list[str]) -> list[str]:
    return sorted({one.replace(":514/", "/") for one in found})


@pytest.mark.parametrize("kind", ["written", "made"])
def test_destinations(
    kind: str, release: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Other hosts and files, for every case: equal, or said to be open and then not too much."""
    cases = list(_written((Path(__file__).parent / "rsyslog_cases.txt").read_text()))
    if kind == "made":
        made = _made(random.Random(HELD[release]))
        cases = [next(made) for _ in range(60)]
    else:  # a third of them with each release
        cases = cases[HELD[release] % 3 :: 3]
    folders = [tmp_path / str(number) for number in range(len(cases))]
    for folder, case in zip(folders, cases, strict=True):
        case["etc/hostname"] = f"{rsyslogd.HOSTNAME}\n"
        for path, text in case.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text((rsyslogd.HEAD if path == MAIN else "") + _whole(text))
    undecided = 0
    for folder, case, done in zip(folders, cases, rsyslogd.ask(root_of(release), folders), strict=True):
        found = rsyslog.of(Root(folder), lambda: True)
        ours = (_named(forwarding.named(found.sent)), found.file)
        theirs = (_named(done["sent"]), bool(done["files"]))
        if found.maybe_sent or found.maybe_file:
            undecided += 1
            assert {*ours[0]} <= {*theirs[0]}, (case, ours, theirs)
            assert ours[1] <= theirs[1], (case, ours, theirs)
        else:
            assert ours == theirs, (case, ours, theirs)
    record_property("compared", len(cases))
    assert undecided <= len(cases) / 7
