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
IMPORTS = (
    "import agent.scan, agent.scan_command, agent.render, collectors, psutil\n"
    "import cryptography.hazmat.primitives.asymmetric.ed25519\n"
    "import config.evaluate, config.standing, config.shipped\n"
    "collectors.discover()"
)
LYNIS = ["lynis", "audit", "system", "--quick", "--no-colors", "--quiet"]
CONTENT = "/usr/share/xml/scap/ssg/content"
DATASTREAMS = (("ssg-debian*-ds.xml", "standard"), ("ssg-ubuntu*-ds.xml", "cis_level1_server"))
CPU_MAX_SECONDS = 40  # CIS takes minutes: the ratio is then an upper bound
PLATFORM = re.compile(r'<xccdf-1\.2:platform idref="(?:cpe:/o:[^"]*|#machine)"/>')


def main() -> None:
    """Print CPU against the limit, the peak, the number of processes, and the peers that are installed."""
    host = Local(datetime.now(UTC))
    list(look(host, discover()))
    commands = [list(argv) for argv in host._ran]
    boltseal = [str(Path(sys.executable).parent / "boltseal"), "scan", "--json"]
    scan, peak = _cost(boltseal)
    interpreter = _cost([sys.executable, "-c", IMPORTS])[0]
    external = sum(_cost(argv, 3)[0] for argv in commands)
    print(f"limit: interpreter and imports {interpreter:.0f} ms, {len(commands)} commands {external:.0f} ms")
    figure("full scan, CPU", scan, interpreter + external, "ms", "<= 1.5 x")
    reading("full scan, peak of the largest process", peak / 1024, "MiB", "<= 64")
    reading("full scan, processes started", host.processes_started, "", "<= 40")
    _against("lynis audit system --quick", LYNIS, scan, "<= 0.05 x")
    for pattern, profile in DATASTREAMS:
        with tempfile.TemporaryDirectory() as folder:
            _against(f"oscap, {profile} of {pattern}", _oscap(pattern, profile, folder), scan, "<= 0.5 x")


def _against(name: str, argv: list[str], scan: float, aim: str) -> None:
    """Print the scan's CPU against a peer's, where the peer is installed."""
    if argv and _installed(argv[0]):
        figure(f"full scan against {name}", scan, _cost(argv, 1)[0], "ms", aim)
    else:
        print(f"{name}: not installed, not compared")


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


def _cost(argv: list[str], rounds: int = ROUNDS) -> tuple[float, int]:
    """Return the median CPU milliseconds, children included, and the peak KiB of the largest process."""
    taken, peak = [], 0
    for _ in range(rounds):
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
        taken.append((used.ru_utime + used.ru_stime) * 1000)
        peak = max(peak, used.ru_maxrss)
    return statistics.median(taken), peak


if __name__ == "__main__":
    main()
