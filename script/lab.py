"""The lab of `script/demo --lab`: starts lab_world.py, has the agent look at what is there, shows what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import Any

from steps import DemoError, run, step, tied

WORLD = Path(__file__).with_name("lab_world.py")
MARK = "# What follows is of script/demo --lab, which takes it away again.\n"
JUDGED_SECONDS = 60
END_SECONDS = 15
# Mounts, namespaces and processes of the lab are seen in here alone, and the kernel takes them away with its first
# process: however the demo ends, nothing is left.
ALONE = (
    "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
)  # fmt: skip


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """The lab in a new `folder`, whose observe.toml has its `[[observe]]` tables; gone at the end."""
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
    folder.mkdir(mode=0o700)
    if Path("/run") in folder.resolve().parents:
        raise DemoError("the lab has a /run of its own: choose another --dir")
    is_alone = (
        os.geteuid() == 0
        and subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    )
    inner = [sys.executable, str(WORLD), str(folder), "alone" if is_alone else ""]
    log = folder / "lab.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            tied("KILL", [*ALONE, *inner] if is_alone else inner),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True,  # Ctrl-C is for the demo, which then ends it
        )  # fmt: skip
    try:
        _follow(process, log)
        yield
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)
        _sweep()


def _follow(process: subprocess.Popen[str], log: Path) -> None:
    """Print how far it is, until it is ready."""
    assert process.stdout is not None
    for line in process.stdout:
        if line == "ready\n":
            return
        print(f"  {line}", end="", flush=True)
    said = log.read_text(errors="replace").strip().splitlines()
    raise DemoError(f"the lab did not come up: {said[-1] if said else 'it said nothing'}")


def _end(process: subprocess.Popen[str]) -> None:
    """Let it end what it started, then end it."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    process.kill()
    process.wait()
    process.stdout.close()


def _sweep() -> None:
    """Remove the empty control groups that a booted host leaves in ours."""
    ours = {line.split(":", 2)[2].lstrip("/") for line in Path("/proc/self/cgroup").read_text().splitlines()}
    for base, own, name in product(("", "unified", "systemd"), ours, ("payload", "supervisor")):
        top = Path("/sys/fs/cgroup", base, own, name)
        for each in sorted((top, *top.rglob("*/")), reverse=True):
            with suppress(OSError):  # it is not there, or somebody else's and in use
                each.rmdir()


@contextmanager
def observed(folder: Path, state: Path) -> Iterator[list[str]]:
    """The tables of a running lab in the agent's settings, and the names of their subjects."""
    settings = state / "agent.toml"
    forget(state)
    tables = (folder / "observe.toml").read_text()
    before = settings.read_text() if settings.exists() else ""
    settings.write_text(before + MARK + tables)
    try:
        yield json.loads((folder / "subjects.json").read_text())
    finally:
        forget(state)


def forget(state: Path) -> None:
    """Take the tables of an ended lab, perhaps a killed one's, out of the agent's settings."""
    settings = state / "agent.toml"
    if not settings.exists() or MARK not in (text := settings.read_text()):
        return
    own = text.partition(MARK)[0]
    settings.write_text(own) if own else settings.unlink()


def look(home: Path, state: Path, names: list[str]) -> None:
    """One run of the agent; print in a line each what came of the subjects."""
    step(f"one run of the agent: this machine again, then {', '.join(names)}, each with a chain of its own")
    if any(name.startswith("network.") for name in names):
        print("  (the network takes longest: about half a minute)", flush=True)
    began = time.monotonic()
    run("boltseal", "once", "--trigger", "manual", "--state", state)
    print(f"  looked, sealed, shipped and every receipt verified in {time.monotonic() - began:.1f} s")
    step("their postures, as the overview page counts them")
    for name in names:
        print(f"  {_posture(home, _subject(home, state, name))}", flush=True)


def _subject(home: Path, state: Path, name: str) -> str:
    own = json.loads((state / "identity.json").read_text())["host_id"]
    wanted = f"{own}~{name}"
    listed = json.loads(run("boltseal-server", "--home", home, "host", "list", "--json", quiet=True))
    if not any(row["host_id"] == wanted for row in listed):
        raise DemoError(f"the server knows no subject {wanted}")
    return wanted


def _posture(home: Path, subject: str) -> str:
    """A subject in one line, once the server has judged it."""
    told = _judged(home, subject)
    seen = [fact for fact in told["facts"] if not fact["reason"]]
    counts = dict.fromkeys(("pass", "fail", "unknown"), 0)
    for verdict in told["verdicts"]:
        if verdict["counted_as"] in counts:
            counts[verdict["counted_as"]] += 1
    answers = ", ".join(f"{count} {answer}" for answer, count in counts.items())
    host = told["host"]
    facts = f"{len(seen)} of {len(told['facts'])} facts seen"
    return f"{host['hostname']:<16} {host['platform']:<8} {facts:<24} {answers}"


def _judged(home: Path, subject: str) -> Any:
    deadline = time.monotonic() + JUDGED_SECONDS
    while time.monotonic() < deadline:
        told = json.loads(
            run("boltseal-server", "--home", home, "host", "show", subject, "--json", quiet=True)
        )
        received = told["host"]["last_received_at"]
        if told["verdicts"] and all(each["judged_at"] >= received for each in told["verdicts"]):
            return told
        time.sleep(0.2)
    raise DemoError(f"the server did not judge {subject} within {JUDGED_SECONDS} seconds")
