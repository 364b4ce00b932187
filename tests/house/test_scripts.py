"""The scripts: they parse, say what they do, and stop at the first error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, read

COMMANDS = [p for p in files() if p.startswith(("script/", ".ci/")) and os.access(ROOT / p, os.X_OK)]
BASH = [path for path in COMMANDS if read(path).startswith("#!/usr/bin/env bash\n")]


def test_found() -> None:
    """The lists above did not come out empty by mistake."""
    assert {".ci/run", "script/lint", "script/lock", "script/setup", "script/test"} <= set(BASH)


@pytest.mark.parametrize("path", BASH)
def test_bash(path: str) -> None:
    """It parses, stops at undefined names and failed pipes, and opens with how to use it."""
    assert 0 == subprocess.run(["bash", "-n", ROOT / path], check=False).returncode
    lines = read(path).splitlines()
    assert lines[1].startswith(f"# Usage: {path}")
    assert "pipefail" in next(line for line in lines if not line.startswith("#"))


def test_shellcheck() -> None:
    """Shellcheck has nothing to say."""
    checked = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), *BASH],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == checked.stdout + checked.stderr


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != ".ci/run"])
def test_help(path: str, tmp_path: Path) -> None:
    """`--help` says how to use it, does nothing else, and works from any folder."""
    asked = subprocess.run(
        [ROOT / path, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert f"usage: {path}" in asked.stdout.lower()


@pytest.mark.parametrize(
    "path", ["script/lint", "script/lock", "script/roots", "script/setup", "script/wine"]
)
def test_unknown_argument(path: str) -> None:
    """A misspelt argument is refused before anything is done."""
    asked = subprocess.run([ROOT / path, "--frist"], capture_output=True, text=True, timeout=30, check=False)
    assert (2, "") == (asked.returncode, asked.stdout)
    assert "--frist" in asked.stderr


_TIED = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import steps
command = steps.tied("TERM", ["echo", "begun"])
between = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]
for way in ([], between):
    subprocess.run([*way, *command])
"""


@pytest.mark.real("setpriv")
def test_tied() -> None:
    """A command that is tied to its parent is not begun by another: that parent may have gone in between."""
    told = subprocess.run(
        [sys.executable, "-c", _TIED, ROOT / "script"], capture_output=True, text=True, check=True
    )
    assert ("begun\n", "") == (told.stdout, told.stderr)
