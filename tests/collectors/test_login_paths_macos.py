"""The ways into a Mac, by their cases in fixtures/login_paths_macos.toml (samples; never run on a Mac)."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check, run, twin
from tests.collectors.twin import denied


@pytest.mark.parametrize("case", cases("login_paths_macos"), ids=str)
def test_login_paths_macos(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)


def test_ssh_not_understood() -> None:
    """What cannot be read of SSH's stack leaves it undecided for each user, and the other logins as they are."""
    case = next(one for one in cases("login_paths_macos") if one.name == "reachable_over_the_network")
    users = run("login_paths_macos", denied(twin(case), "/etc/pam.d/sshd")).facts["login_paths.users"]

    alone, unsure = (
        ["graphical: password", "screen-sharing: password"],
        ["ssh: /etc/pam.d/sshd: permission_denied"],
    )
    assert [{"name": name, "one_factor": alone, "undecided": unsure} for name in ("ana", "bo")] == users
