"""Run by the Windows Python under Wine: changes the registry there, asks the door, scans; prints one JSON object.

Not a test itself. What it prints is judged by test_wine.py, outside.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import psutil

from agent.__main__ import entry
from collectors.door import Unseen
from collectors.doors.windows import Windows

winreg: Any = import_module("winreg")
TERMINAL = r"SYSTEM\CurrentControlSet\Control\Terminal Server"
CHANGES = [
    (TERMINAL, "fDenyTSConnections", 0),
    (rf"{TERMINAL}\WinStations\RDP-Tcp", "PortNumber", 3389),
    (rf"{TERMINAL}\WinStations\RDP-Tcp", "UserAuthentication", 0),
    (r"SOFTWARE\Policies\Microsoft\Windows\WinRM\Service", "AllowBasic", 1),
    (r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System", "InactivityTimeoutSecs", 600),
    (r"SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU", "NoAutoUpdate", 1),
    (r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon", "AutoAdminLogon", "1"),
    (r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending", "x", 1),
    (r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\GPExtensions\{0}", "x", 1),
    (r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\LAPS", "BackupDirectory", 2),
]
KEY = r"SOFTWARE\Boltseal"
TYPED = {
    "number": (winreg.REG_DWORD, 0xFFFFFFFF),
    "wide": (winreg.REG_QWORD, 2**40),
    "text": (winreg.REG_SZ, "管理员 Änne"),
    "texts": (winreg.REG_MULTI_SZ, ["a", "b"]),
    "bytes": (winreg.REG_BINARY, b"\0\1"),
}


def write(path: str, name: str, kind: int, told: object, view: int) -> None:
    """Write one value of the machine's registry."""
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_WRITE | view) as key:
        winreg.SetValueEx(key, name, 0, kind, told)


def scanned() -> object:
    """What `boltseal scan --json` prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        entry(["scan", "--json"])
    return json.loads(printed.getvalue())


def told(ask: Callable[[], object]) -> str:
    """Why a question has no answer; empty where it has one."""
    try:
        ask()
    except Unseen as unseen:
        return unseen.reason
    return ""


def registry(host: Windows) -> object:
    """Each kind of value as the door reads it, and which of the two views it reads."""
    for name, (kind, value) in TYPED.items():
        write(KEY, name, kind, value, winreg.KEY_WOW64_64KEY)
    write(KEY, "view", winreg.REG_SZ, "64", winreg.KEY_WOW64_64KEY)
    write(KEY, "view", winreg.REG_SZ, "32", winreg.KEY_WOW64_32KEY)
    found = host.values(rf"HKLM\{KEY}")
    return {name: one.hex() if isinstance(one, bytes) else one for name, one in found.items()}


def services(host: Windows) -> list[str]:
    """Services of which the door says something else than their manager; never empty beside a count."""
    every = vars(psutil)["win_service_iter"]()
    seen = [
        one for one in every if not one.name().lower().startswith("winedevice")
    ]  # Wine's own, in no registry
    wrong = []
    for each in seen:
        found = host.service(each.name())
        if found != (each.status() == "running", each.start_type()):
            wrong.append(f"{each.name()}: {found}")
    return [str(len(seen)), *wrong]


def dpapi() -> bool:
    """A secret sealed for this machine opens again, and is not what was sealed."""
    crypt: Any = import_module("win32crypt")
    machine = 0x4
    sealed = crypt.CryptProtectData(b"secret", None, None, None, None, machine)
    return (
        b"secret" not in sealed
        and crypt.CryptUnprotectData(sealed, None, None, None, machine)[1] == b"secret"
    )


def main() -> None:
    """Ask everything, and print it."""
    host = Windows()
    answers = {
        "before": scanned(),
        "registry": registry(host),
        "services": services(host),
        "dpapi": dpapi(),
        "bios": host.rows("root/CIMV2", "Win32_BIOS", ("SerialNumber",)),
        "reasons": {
            "namespace": told(lambda: host.rows("root/nothing", "X", ("A",))),
            "secedit": told(host.security_policy),
            "modals": told(host.password_rules),
            "audit": told(lambda: host.audited(("0cce9215-69ae-11d9-bed3-505054503030",))),
            "updates": told(host.updates),
            "key": told(lambda: host.values(r"HKLM\SOFTWARE\Nothing")),
            "service": told(lambda: host.service("nothing")),
        },
    }
    for path, name, value in CHANGES:
        kind = winreg.REG_DWORD if isinstance(value, int) else winreg.REG_SZ
        write(path, name, kind, value, winreg.KEY_WOW64_64KEY)
    answers["after"] = scanned()
    sys.stdout.buffer.write(json.dumps(answers).encode())


if __name__ == "__main__":
    main()
