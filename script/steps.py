"""What the scripts that show things have in common: steps that are announced, commands that end with their caller."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


class DemoError(Exception):
    """A step that did not do what it should; the text says which and what to look at."""


def step(text: str) -> None:
    """Say what comes now."""
    print(f"\n=== {text}", flush=True)


def tied(signal: str, command: Sequence[str | Path]) -> list[str | Path]:
    """The command, sent this signal when its parent is gone, however that ended; not begun where it is gone already."""
    if shutil.which("setpriv") is None:
        return [*command]
    begin = '[ "$PPID" = "$0" ] && exec "$@"'
    return ["setpriv", "--pdeathsig", signal, "sh", "-c", begin, str(os.getpid()), *command]


def run(command: str, *arguments: str | Path, quiet: bool = False) -> str:
    """Run one of the product's commands; return what it printed when ``quiet``, else let it print here."""
    line = tied("TERM", [BIN / command, *arguments])
    with subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if quiet else None, text=True
    ) as process:
        try:
            told, _ = process.communicate()
        except BaseException:
            process.terminate()  # it ends what it started; killed, it could not
            raise
    if process.returncode:
        raise DemoError(
            f"`{command} {arguments[0] if arguments else ''}` ended with code {process.returncode}"
        )
    return told or ""
