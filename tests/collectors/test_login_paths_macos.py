"""The collector of a Mac's login paths, by its cases in fixtures/login_paths_macos.toml (samples; never run on a Mac)."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("login_paths_macos"), ids=str)
def test_login_paths_macos(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
