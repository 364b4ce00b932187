"""A function called with the local door of a booted host: inside its namespaces, with our own Python.

The host has no Python of ours, and Debian 11's C library could not run it. So this process imports all that
will be needed first, then enters: pid, mount, network, host name, root folder. From there on every file is
the host's, and so is every command that is run.
"""

import ctypes
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from collectors import discover
from collectors.door import Host
from collectors.doors import running
from collectors.doors.local import Local

P = ParamSpec("P")
T = TypeVar("T")

CHECKOUT = Path(__file__).resolve().parents[2]
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWPID, NEWNET: clone(2)
NEW_NETWORK = 0x4000_0000
NAMESPACES = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x2000_0000 | NEW_NETWORK


def call(pid: int, function: Callable[Concatenate[Host, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(Local(), …)` in the host whose first process is `pid`. What it raises fails the caller."""
    asked = subprocess.run(
        [sys.executable, "-m", "tests.hosts.inside", str(pid)],
        input=pickle.dumps((function, args, kwargs)),
        cwd=CHECKOUT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr.decode()
    return cast(T, pickle.loads(asked.stdout))


def enter(pid: int) -> None:
    """Step into the host. The pid namespace holds from the next fork on."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH)
    _setns(os.pidfd_open(pid), NAMESPACES)
    os.fchdir(root)
    os.chroot(".")
    os.chdir("/")


def enter_network(path: str) -> None:
    """This thread's network is from now on the one that the file stands for."""
    opened = os.open(path, os.O_RDONLY)
    try:
        _setns(opened, NEW_NETWORK)
    finally:
        os.close(opened)


def _setns(opened: int, namespaces: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(opened, namespaces):
        raise OSError(ctypes.get_errno(), "setns")


def _main(pid: int) -> int:
    function, args, kwargs = pickle.load(sys.stdin.buffer)
    # Whatever is imported later would be looked for in the host.
    discover()
    running.mounts("")
    datetime.strptime("2026", "%Y")
    enter(pid)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    answer: Any = function(Local(), *args, **kwargs)
    sys.stdout.buffer.write(pickle.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1])))
