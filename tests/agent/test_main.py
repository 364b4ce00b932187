"""The process: what it imports, what it says without an extra, how it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent import exits
from agent.__main__ import entry
from agent.commands import COMMANDS

HEAVY = (
    "requests",
    "urllib3",
    "psutil",
    "apscheduler",
    "cryptography",
    "ssl",
    "django",
    "collectors",
    "zoneinfo",
)
BASE_HIDDEN = (
    "requests",
    "urllib3",
    "psutil",
    "apscheduler",
    "tzlocal",
    "django",
    "uvicorn",
    "paramiko",
    "nmap",
)
_HIDE = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Hide())
import importlib.util
_find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {names} else _find(name, package)
from agent.__main__ import entry
sys.exit(entry(sys.argv[1:]))
"""


def base_install(*argv: str) -> subprocess.CompletedProcess[str]:
    """The command as the base install has it: cryptography and the standard library."""
    code = _HIDE.format(names=repr(BASE_HIDDEN))
    return subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("agent.__main__", HEAVY),  # for --help
        (
            "agent.scan_command",
            ("requests", "urllib3", "cryptography", "ssl", "http", "email", "apscheduler"),
        ),
    ],
)
def test_start(module: str, heavy: tuple[str, ...]) -> None:
    """Nothing is imported that the command does not need: a scan signs and sends nothing."""
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "[]\n" == done.stdout


@pytest.mark.parametrize("name", [command.name for command in COMMANDS if command.needs])
def test_missing_extra(name: str, tmp_path: Path) -> None:
    """Without the extra: one clear sentence, exit 3."""
    given = {"enroll": ["boltseal1.x"], "service": ["status"]}.get(name, [])
    done = base_install(name, *given, "--state", str(tmp_path))
    assert exits.EXTRA_MISSING == done.returncode
    assert f"boltseal {name} needs the agent extra: pip install 'boltseal[agent]'\n" == done.stderr
    assert "" == done.stdout


def test_base_install(tmp_path: Path) -> None:
    """Explain and verify need cryptography alone; doctor says what is missing."""
    explained = base_install("explain", "4.8")
    assert (exits.OK, "") == (explained.returncode, explained.stderr)
    (tmp_path / "bundle.zip").write_bytes(b"no bundle")
    refused = base_install("verify", str(tmp_path / "bundle.zip"), "--server-key", "0" * 64)
    assert exits.FAILED == refused.returncode
    assert "Traceback" not in refused.stderr
    doctor = base_install("doctor", "--state", str(tmp_path / "none"))
    assert exits.FAILED == doctor.returncode
    assert "pip install 'boltseal[agent]'" in doctor.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(number: signal.Signals, tmp_path: Path) -> None:
    """Interrupted while it looks: no traceback, code 130."""
    code = (
        "import signal, sys, time; from agent import scan_command; from agent.__main__ import entry\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever runs the tests may ignore it
        "def main(arguments):\n  print('ready', flush=True)\n  time.sleep(60)\n"
        "scan_command.main = main; sys.exit(entry(['scan']))"
    )
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert exits.INTERRUPTED == process.returncode
    assert "boltseal: interrupted; what is spooled is kept\n" == err


def test_broken_pipe() -> None:
    """Whoever reads us may have enough: no traceback."""
    code = "import sys; from agent.__main__ import entry; sys.exit(entry(['explain', '4.8']))"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (exits.FAILED, b"") == (done.returncode, done.stderr)


def test_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors go to standard error: what happened, the code, what to try."""
    assert exits.STATE == entry(["status", "--state", str(tmp_path / "none")])
    said = capsys.readouterr()
    assert "" == said.out
    assert said.err.startswith("boltseal: ")
    assert "[state_missing]" in said.err
    assert "boltseal enroll STRING" in said.err


def test_time_to_help() -> None:
    """--help is there at once: the start path stays light."""
    begun = time.process_time(), os.times().children_user
    subprocess.run([sys.executable, "-m", "agent", "--help"], capture_output=True, check=True, timeout=60)
    assert os.times().children_user - begun[1] < 1.0
