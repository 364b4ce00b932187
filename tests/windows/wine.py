"""Programs run under Wine, each time in a copy of the Windows of script/wine that is thrown away afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PYTHON = "/w/cp311/python.exe"
SECONDS = 200
_ROOT = """
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --rbind /dev "$2/root/dev"
mount --bind "$3" "$2/root/src"
root=$2/root; shift 3
exec chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root WINEPREFIX=/w/prefix WINEARCH=win64 WINEDEBUG=-all sh -c '
wine "$@"; code=$?; wineserver -k -w; exit $code' sh "$@"
"""


def folder() -> Path:
    """Where script/wine keeps the Windows."""
    made = subprocess.run([CHECKOUT / "script/wine", "--where"], check=True, capture_output=True, text=True)
    found = Path(made.stdout.strip())
    if not found.is_dir():
        pytest.fail("it is not there; run script/setup --for test", pytrace=False)
    return found


def python(scratch: Path, *arguments: str) -> bytes:
    """What the Windows Python prints; it must end well. The network is this machine's."""
    return run(scratch, PYTHON, *arguments)


def run(scratch: Path, *command: str) -> bytes:
    """What a program of Windows prints; it must end well. The copy's changes stay in `scratch`/upper.

    What a test puts there before is there on the Windows, whose Z: is the root of Linux.
    """
    for name in ("upper", "work", "root"):
        (scratch / name).mkdir(exist_ok=True)
    inner = ["sh", "-c", _ROOT, "sh", str(folder()), str(scratch), str(CHECKOUT), *command]
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", *inner],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, (done.stdout[-1000:] + done.stderr[-2000:]).decode("utf-8", "replace")
    return done.stdout
