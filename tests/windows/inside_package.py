"""Run by the Windows Python under Wine: installs the package, asks what is there, removes it; prints one JSON object.

Not a test itself. What it prints is judged by test_package.py, outside.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PACKAGE = r"Z:\w\boltseal.msi"
STRING = r"Z:\w\string.txt"
PROGRAM = Path(r"C:\Program Files\Boltseal")
STATE = Path(r"C:\ProgramData\Boltseal")


def asked(*command: str) -> tuple[int, str]:
    """A program's code and what it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=150)
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def boltseal(*arguments: str) -> tuple[int, str]:
    """The installed command."""
    return asked("cmd", "/c", str(PROGRAM / "boltseal.cmd"), *arguments)


def main() -> None:
    """From the installation to the removal."""
    said: dict[str, object] = {
        "install": asked("msiexec", "/i", PACKAGE, "/qn", f"ENROLMENT={STRING}"),
        "version": boltseal("--version"),
        "status": boltseal("status", "--json"),
        "service": boltseal("service", "status"),
    }
    said["remove"] = asked("msiexec", "/x", PACKAGE, "/qn")
    said["left"] = [str(path) for path in PROGRAM.rglob("*")]
    said["state"] = (STATE / "identity.json").exists()
    said["gone"] = asked("sc", "query", "Boltseal")[0] != 0
    sys.stdout.buffer.write(json.dumps(said).encode())


if __name__ == "__main__":
    main()
