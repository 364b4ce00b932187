"""Run by the Windows Python under Wine: `boltseal` as people type it; prints one JSON object of what each said.

Not a test itself. What it prints is judged by test_agent.py, outside. Arguments: an enrolment string, from a server on
this machine's loopback.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from agent import durable, state, windows
from agent.identity import load_key
from agent.state import State
from collectors.doors.secret_file import SecretError, read_secret
from config.errors import InputError

FOLDER = state.folder_of(None)
STRING = Path(r"C:\enrol.txt")
Said = dict[str, Any]


def boltseal(*arguments: str) -> Said:
    """One command in a process of its own: code, what it printed (read as JSON where it is), what it complained."""
    command = [sys.executable, "-I", "-m", "agent", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    printed = done.stdout.decode("utf-8", "replace")
    told = json.loads(printed) if "--json" in arguments and printed else printed
    return {"code": done.returncode, "told": told, "complaint": done.stderr.decode("utf-8", "replace")}


def let_everybody_read(path: Path) -> None:
    """With an access list that also lets everybody read."""
    security: Any = import_module("win32security")
    made = security.ConvertStringSecurityDescriptorToSecurityDescriptor(
        f"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;{windows._own()})(A;OICI;FRFX;;;WD)", 1
    )
    flags = security.DACL_SECURITY_INFORMATION | security.PROTECTED_DACL_SECURITY_INFORMATION
    security.SetNamedSecurityInfo(str(path), 1, flags, None, None, made.GetSecurityDescriptorDacl(), None)


def complaint(opened: State) -> str:
    """The code of what is wrong with the key, empty where nothing is."""
    try:
        load_key(opened)
    except InputError as error:
        return error.code
    return ""


def kept(opened: State) -> Said:
    """How private the state is, what the key looks like at rest, and who is refused."""
    key = opened.path("key.pem")
    sealed = key.read_bytes()
    found: Said = {
        "strangers": {path.name: windows.others(path) for path in [opened.folder, *opened.folder.iterdir()]},
        "sealed": b"PRIVATE" not in sealed,
        "opens": complaint(opened),
    }
    let_everybody_read(key)
    found["key_exposed"] = complaint(opened)
    durable.write(key, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    found["key_changed"] = complaint(opened)
    durable.write(key, sealed)
    other = state.create(FOLDER.with_name("Other")).folder
    let_everybody_read(other)
    found["exposed"] = boltseal("status", "--state", str(other))
    try:
        read_secret(str(key))
    except SecretError as error:
        found["secret"] = str(error)
    with state.locked(opened):
        found["locked"] = boltseal("once", "--no-scan")
    found["unlocked"] = boltseal("once", "--no-scan")
    return found


def busy(opened: State) -> bool:
    """Whether a file that somebody reads just now is replaced all the same."""
    path = opened.path("busy")
    durable.write(path, b"old")
    command = "import sys,time; file=open(sys.argv[1]); print(1, flush=True); time.sleep(0.3); file.close()"
    with subprocess.Popen([sys.executable, "-c", command, str(path)], stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        reader.stdout.readline()
        durable.write(path, b"new")
    told = durable.read(path, 10) == b"new"
    durable.remove(path)
    return told


def registered() -> Said:
    """What the registry says of the service, in numbers and texts."""
    registry: Any = import_module("winreg")
    path = r"SYSTEM\CurrentControlSet\Services\Boltseal"
    with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, path) as key:
        values = [registry.EnumValue(key, at) for at in range(registry.QueryInfoKey(key)[1])]
    return {name: value for name, value, _ in values if isinstance(value, (int, str))}


def served(opened: State) -> Said:
    """The service from its installation to its removal; between, it sends what waits."""
    last = opened.path("last_scan.json")
    durable.remove(last)  # so that a scan is due at once
    said: Said = {action: boltseal("service", action) for action in ("install", "start")}
    said["again"] = boltseal("service", "install")
    said["values"] = registered()
    said["status"] = boltseal("service", "status")
    ends_at = time.monotonic() + 60
    while not last.exists() and time.monotonic() < ends_at:
        time.sleep(0.1)
    while boltseal("status", "--json")["told"]["spool"]["waiting"] and time.monotonic() < ends_at:
        pass
    said["second"] = boltseal("run")
    said |= {action: boltseal("service", action) for action in ("stop", "remove")}
    said["gone"] = boltseal("service", "status")
    said["log"] = opened.path("service.log").read_text("utf-8")
    return said


def main() -> None:
    """The whole life of an agent."""
    STRING.write_text(sys.argv[1] + "\n", "utf-16")  # as PowerShell 5 writes it
    said: Said = {"before": boltseal("status"), "run_before": boltseal("run")}
    said["enroll"] = boltseal("enroll", f"@{STRING}", "--json")
    opened = state.open_state(FOLDER)
    said |= {
        "folder": str(FOLDER),
        "once": boltseal("once", "--json"),
        "status": boltseal("status", "--json"),
        "doctor": boltseal("doctor", "--json"),
        "kept": kept(opened),
        "busy": busy(opened),
        "service": served(opened),
    }
    sys.stdout.buffer.write(json.dumps(said).encode())


if __name__ == "__main__":
    main()
