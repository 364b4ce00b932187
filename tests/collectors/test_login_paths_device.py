"""The login_paths collector of network devices, by its cases in fixtures/login_paths_device.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("login_paths_device"), ids=str)
def test_login_paths_device(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
