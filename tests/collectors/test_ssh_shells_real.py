"""What the SSH door sends is held to real login shells: each takes it apart into just the arguments that were meant."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.door import Unseen
from collectors.doors import ssh_command

SHELLS = ("sh", "bash", "fish", "tcsh")
PIECES = st.sampled_from(
    [*"'\"\\$`;&|!*?~%()<>{}#^ -=\n\té", "a", "touch x", "$(id)", "${HOME}", "\\'", "'\"", "&&"]
)
ARGUMENTS = st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=4)


@pytest.mark.real(*SHELLS)
@pytest.mark.parametrize("shell", SHELLS)
def test_arguments(shell: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Either an argument is refused, or the shell hands it on to the letter and does nothing else."""
    compared = 0

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(ARGUMENTS)
    def held(arguments: list[str]) -> None:
        nonlocal compared
        try:
            line = ssh_command.line(["/usr/bin/printf", "%s\\0", *arguments])
        except Unseen:
            return
        done = subprocess.run(
            [shell, "-c", line],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )
        assert [*arguments, ""] == done.stdout.decode().split("\0"), done.stderr
        assert not (tmp_path / "x").exists()
        compared += 1

    held()
    assert compared > 10
    record_property("compared", compared)
