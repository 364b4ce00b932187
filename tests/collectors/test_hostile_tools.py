"""Whole scans of this machine through the local door, every tool of which lies, hangs or shouts.

The tools are what collectors really ask for; each scan runs in a process of its own and must leave none.
"""

import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from collectors import discover
from collectors.door import REASONS
from collectors.look import look_with
from tests.collectors.cases import cases, twin
from tests.collectors.confined import Told, confined
from tests.collectors.damage import improved, watched

SECONDS = 3.0
PEAK_MIB = 200
SHELL = "#!/bin/sh\n"

TOOLS: Mapping[str, str] = {
    "hangs": SHELL + "exec sleep 60\n",
    "ignores_its_end": SHELL
    + "trap '' TERM INT HUP\n(trap '' TERM; sleep 61 & sleep 62) & sleep 63 & wait\n",
    "leaves_a_grandchild": SHELL + "(sleep 64 &) \nexit 0\n",
    "leaves_the_session": SHELL
    + "setsid sleep 65 &\nsetsid sh -c 'sleep 66 & sleep 67' >/dev/null 2>&1 &\nexit 0\n",
    "shouts": SHELL + "exec yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    "shouts_errors": SHELL + "exec yes >&2\n",
    "trickles": SHELL + "while :; do printf x; sleep 0.2; done\n",
    "closes_its_output": SHELL + "exec >&- 2>&-\nexec sleep 68\n",
    "says_nothing": SHELL + "exit 0\n",
    "says_html": SHELL + "echo '<!DOCTYPE html><html><body>Proxy login</body></html>'\n",
    "says_json": SHELL + 'echo \'{"nftables": {"a": [[[]]]}, "pwquality": 7}\'\n',
    "says_it_in_german": SHELL + "echo 'Fehler: nicht gefunden'; echo 'aktiv: nein'\n",
    "says_it_in_chinese": SHELL + "echo '错误 权限不足'\n",
    "says_binary": SHELL + "head -c 5000 /dev/urandom\n",
    "says_controls": SHELL + "printf '\\033[2J\\007\\000yes\\r\\n'\n",
    "half_and_killed": SHELL + "printf 'permitrootlogin no\\nusepam '\nkill -9 $$\n",
    "exit_126": SHELL + "exit 126\n",
    "exit_127": SHELL + "exit 127\n",
    "exit_137": SHELL + "exit 137\n",
    "no_program": "\x7fELF nonsense",
    "no_interpreter": "#!/nowhere/sh\n",
}
HONEST = "/usr/sbin:/usr/bin:/sbin:/bin"
REALLY = ("sshd.",)
"""sshd cannot be asked, so its files are read by the own reader."""


@cache
def commands() -> frozenset[str]:
    """The program of every command that some collector asked for in some case."""
    found = set()
    for subject, collector in discover().items():
        for case in cases(subject):
            host = watched(twin(case))
            look_with(collector, host)
            found |= {argv[0] for argv in host.asked}
    return frozenset(found)


def tools(folder: Path, text: str) -> Path:
    for name in commands():
        path = folder / name.rpartition("/")[2]
        path.write_text(text)
        path.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def honest() -> Told:
    return confined("local", HONEST, 60)


def better(told: Told, before: Told) -> list[str]:
    return [name for name in improved(before.answers, told.answers) if not name.startswith(REALLY)]


def left_over(folder: Path) -> list[str]:
    """Processes that still belong to the tools of a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            words = (one / "environ").read_bytes().split(b"\0")
            if b"PATH=" + os.fsencode(folder) + b":/usr/bin:/bin" in words:
                found.append((one / "cmdline").read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("kind", TOOLS)
def test_every_tool(kind: str, tmp_path: Path, honest: Told) -> None:
    """The scan ends within its budget, nothing raises, nothing is left running, and nothing passes that did not."""
    told = confined("local", tools(tmp_path, TOOLS[kind]), SECONDS)
    assert told.seconds < SECONDS + 3
    assert told.peak_mib < PEAK_MIB
    assert set(told.errors.values()) <= {"OutOfTime"}
    assert set(told.missing.values()) <= set(REASONS)
    assert {*told.facts, *told.missing} == {name for each in discover().values() for name in each.facts}
    passing = better(told, honest)
    for _ in range(2):  # other tests start and stop servers on this machine: what the tools cause comes back
        if passing:
            again = better(confined("local", tmp_path, SECONDS), confined("local", HONEST, 60))
            passing = [name for name in passing if name in again]
    assert not passing
    time.sleep(0.05)
    assert not left_over(tmp_path)


def test_tool_that_is_a_folder_or_not_executable(tmp_path: Path) -> None:
    """Neither is a tool."""
    for number, name in enumerate(sorted(commands())):
        path = tmp_path / name.rpartition("/")[2]
        path.mkdir() if number % 2 else path.touch(0o644)
    told = confined("local", tmp_path, SECONDS)
    assert not told.errors
    assert 0 == told.started


def test_there_are_commands() -> None:
    assert {"nft", "sshd", "auditctl", "apt-cache"} <= commands()
