"""A full scan against what it cannot do without: the interpreter, its imports, and the commands it runs."""

import os
import statistics
import subprocess
import sys
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
OTHERS = {
    "lynis audit system --quick": ["lynis", "audit", "system", "--quick", "--no-colors", "--quiet"],
}


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
    for name, argv in OTHERS.items():
        if _installed(argv[0]):
            figure(f"full scan against {name}", scan, _cost(argv, 1)[0], "ms", "<= 0.05 x")
        else:
            print(f"{name}: not installed, not compared")


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
