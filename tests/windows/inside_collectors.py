"""Run by the Windows Python under Wine: opens sockets, writes rules and files, asks the door; prints one JSON object.

Not a test itself. What it prints is judged by test_wine_collectors.py, outside.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from collectors import discover
from collectors.door import Unseen
from collectors.doors.windows import Windows
from collectors.look import look_with
from collectors.readers import windows_rules

winreg: Any = import_module("winreg")
RULES = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
ALLOW = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=1433|Name=Größe|"
SUBJECTS = ("listeners", "backup", "time", "os", "encryption", "inventory", "password", "removable_media")


def told(ask: Callable[[], object]) -> str:
    """Why a question has no answer; empty where it has one."""
    try:
        ask()
    except Unseen as unseen:
        return unseen.reason
    return ""


def opened(address: str) -> socket.socket:
    """A socket that waits on a free port."""
    made = socket.socket()
    made.bind((address, 0))
    made.listen()
    return made


def main() -> None:
    """Ask everything, and print it."""
    everywhere, here = opened("0.0.0.0"), opened("127.0.0.1")
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, RULES, 0, winreg.KEY_WRITE | 0x100) as key:
        winreg.SetValueEx(key, "{A}", 0, winreg.REG_SZ, ALLOW)
    done = Path(r"C:\done.txt")
    done.write_text("x")
    host = Windows()
    rule = windows_rules.parse(str(host.values(rf"HKLM\{RULES}")["{A}"]))
    asked = windows_rules.Asked("tcp", 1433, "sqlservr.exe")
    collectors = discover("windows")
    found = {name: look_with(collectors[f"{name}_windows"], host) for name in SUBJECTS}
    ports = (everywhere.getsockname()[1], here.getsockname()[1])
    answers = {
        "sockets": [one for one in host.sockets() if one.port in ports],
        "ports": ports,
        "rule": windows_rules.reach([rule], asked, False) if rule else None,
        "modified": abs(host.modified_at(str(done)).timestamp() - done.stat().st_mtime),
        "reasons": {
            "folder": told(lambda: host.modified_at(r"C:\windows")),
            "share": told(lambda: host.modified_at(r"\\localhost\c$\done.txt")),
            "clock": told(host.clock_status),
            "events": told(lambda: host.newest_event("Microsoft-Windows-Backup", (4,))),
        },
        "errors": [error for _, error in found.values()],
        "facts": {name: value for findings, _ in found.values() for name, value in findings.facts.items()},
        "missing": {name: why for findings, _ in found.values() for name, why in findings.missing.items()},
    }
    sys.stdout.buffer.write(json.dumps(answers).encode())


if __name__ == "__main__":
    main()
