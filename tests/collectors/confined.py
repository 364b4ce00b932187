"""A whole scan in a process of its own, which tells what it cost and everything that it really opened.

    python -m tests.collectors.confined local|root FOLDER SECONDS [UID]

`root` scans the folder through the root door, `local` this machine with FOLDER as the only place for tools.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.scan import scan
from collectors import discover, door
from collectors.door import Host
from collectors.doors import local, running
from collectors.doors.local import Local
from collectors.doors.root import Root
from config import shipped
from config.evaluate import judge

CHECKOUT = Path(__file__).parents[2]
MEMORY = 900 * 1024 * 1024
_EVENTS = (
    "open",
    "os.listdir",
    "os.scandir",
    "subprocess.Popen",
    "os.fork",
    "os.exec",
    "os.posix_spawn",
    "os.system",
)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """What the child told. `opened`: event, path and flags; `answers`: check to verdict."""

    facts: Mapping[str, Any]
    missing: Mapping[str, str]
    errors: Mapping[str, str]
    answers: Mapping[str, str]
    opened: list[tuple[str, str, int]]
    seconds: float
    peak_mib: float
    started: int
    output: str


def confined(door_name: str, folder: str | Path, seconds: float, uid: int = 0) -> Told:
    """Scan in a child; fails when the child dies or outlasts twice its budget."""
    argv = [sys.executable, "-m", "tests.collectors.confined", door_name, str(folder), str(seconds), str(uid)]
    done = subprocess.run(
        argv,
        cwd=CHECKOUT,
        capture_output=True,
        timeout=2 * seconds + 60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return Told(**json.loads(done.stdout), output=(done.stdout + done.stderr).decode())


def _main(door_name: str, folder: str, seconds: str, uid: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    found = discover()
    assert running.__name__
    assert local.__name__
    shipped.catalogue()
    opened: list[tuple[str, str, int]] = []
    recording = [False]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if recording[0] and event in _EVENTS:
            path = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else repr(arguments[0])
            opened.append((event, path, arguments[2] if event == "open" and len(arguments) > 2 else 0))

    sys.addaudithook(hook)
    host: Host
    if door_name == "root":
        host = Root(folder, NOW, budget_seconds=float(seconds))
    else:
        door.SYSTEM_PATH = folder  # type: ignore[misc]
        door.COMMAND_MAX_SECONDS = 1.0  # type: ignore[misc]
        host = Local(NOW, budget_seconds=float(seconds))
    if int(uid):
        os.setgroups([])
        os.setresgid(int(uid), int(uid), int(uid))
        os.setresuid(int(uid), int(uid), int(uid))
    recording[0] = True
    before = time.monotonic()
    seen = scan(host, "host", found, b"s" * 32, float(seconds), lambda: NOW)
    took = time.monotonic() - before
    recording[0] = False
    evidence = seen.evidence
    verdicts = judge(evidence, shipped.catalogue(), shipped.profile(), NOW)
    told = {
        "facts": dict(evidence.facts),
        "missing": dict(evidence.missing),
        "errors": dict(seen.errors),
        "answers": {one.check: one.answer for one in verdicts},
        "opened": opened,
        "seconds": took,
        "peak_mib": _peak_mib(),
        "started": getattr(host, "processes_started", 0),
    }
    json.dump(told, sys.stdout)


def _peak_mib() -> float:
    """The most memory since this program began: ru_maxrss would count what the test process held when it forked."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    _main(*sys.argv[1:])
