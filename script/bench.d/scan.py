"""A full scan against what it cannot do without: the interpreter, its imports, and the commands it runs."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from measure import figure, reading

from collectors import discover, door
from collectors.doors.local import Local
from collectors.look import look

ROUNDS = 5
IMPORTS = "import agent.scan_command, collectors.doors.local, psutil; collectors.discover()"
BOLTSEAL = [str(Path(sys.executable).parent / "boltseal"), "scan", "--json"]
LYNIS = ["lynis", "audit", "system", "--quick", "--no-colors", "--quiet"]
CONTENT = "/usr/share/xml/scap/ssg/content"
DATASTREAMS = (("ssg-debian*-ds.xml", "standard", ROUNDS), ("ssg-ubuntu*-ds.xml", "cis_level1_server", 1))
CPU_MAX_SECONDS = 40  # CIS takes minutes: the ratio is then an upper bound
PLATFORM = re.compile(r'<xccdf-1\.2:platform idref="(?:cpe:/o:[^"]*|#machine)"/>')


def main() -> None:
    """Print CPU against the limit, the peak, the number of processes, and the peers that are installed."""
    host = Local(datetime.now(UTC))
    list(look(host, discover()))
    commands = [list(argv) for argv in host._ran]
    with tempfile.TemporaryDirectory() as folder:
        # As installed: with bytecode, which a working copy lacks wherever a module was edited since.
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        _spent(BOLTSEAL), _spent([sys.executable, "-c", IMPORTS])  # writes the bytecode; not counted
        spent = [_spent(BOLTSEAL) for _ in range(ROUNDS)]
        scan, peak = statistics.median(cpu for cpu, _ in spent), max(kib for _, kib in spent)
        interpreter = _median([sys.executable, "-c", IMPORTS], ROUNDS)
        external = sum(_median(argv, 3) for argv in commands)
        print(
            f"limit: interpreter and imports {interpreter:.0f} ms, {len(commands)} commands {external:.0f} ms"
        )
        figure("full scan, CPU", scan, interpreter + external, "ms", "<= 1.5 x")
        reading("full scan, peak of the largest process", peak / 1024, "MiB", "<= 64")
        reading("full scan, processes started", host.processes_started, "", "<= 40")
        _against("lynis audit system --quick", LYNIS, 1, "<= 0.05 x")
        for pattern, profile, rounds in DATASTREAMS:
            name = f"oscap, {profile} of {pattern}"
            _against(name, _oscap(pattern, profile, folder), rounds, "<= 0.5 x")


def _against(name: str, argv: list[str], rounds: int, aim: str) -> None:
    """Print the scan's CPU against a peer's, where the peer is installed; in turn, as a machine's speed drifts."""
    if not argv or not _installed(argv[0]):
        print(f"{name}: not installed, not compared")
        return
    pairs = [(_spent(BOLTSEAL)[0], _spent(argv)[0]) for _ in range(rounds)]
    scan, peer = (statistics.median(taken) for taken in zip(*pairs, strict=True))
    figure(f"full scan against {name}", scan, peer, "ms", aim)


def _oscap(pattern: str, profile: str, folder: str) -> list[str]:
    """OpenSCAP's command for the newest of these data streams; empty where there is none.

    The stream is copied without the words that tie it to another release, or to a host that is no container:
    with them every rule is "not applicable" here, and OpenSCAP does no work that could be compared.
    """
    streams = sorted(Path(CONTENT).glob(pattern))
    if not streams or not _installed("oscap"):
        return []
    copy = Path(folder) / streams[-1].name
    copy.write_text(PLATFORM.sub("", streams[-1].read_text("utf-8")), encoding="utf-8")
    limit = ["prlimit", f"--cpu={CPU_MAX_SECONDS}"]
    name = f"xccdf_org.ssgproject.content_profile_{profile}"
    return [*limit, "oscap", "xccdf", "eval", "--profile", name, str(copy)]


def _installed(tool: str) -> bool:
    return any(os.access(Path(folder) / tool, os.X_OK) for folder in door.SYSTEM_PATH.split(":"))


def _median(argv: list[str], rounds: int) -> float:
    return statistics.median(_spent(argv)[0] for _ in range(rounds))


def _spent(argv: list[str]) -> tuple[float, int]:
    """Run it; return its CPU milliseconds, those of its children included, and the peak KiB of the largest."""
    environment = {**os.environ, "PATH": door.SYSTEM_PATH, "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    except FileNotFoundError:  # a tool that the scan looked for and did not find costs nothing
        return 0.0, 0
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0  # reaped here, for its own accounting
    return (used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss


if __name__ == "__main__":
    main()
