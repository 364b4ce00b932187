"""The vpn collector for Windows, by its cases in fixtures/vpn_windows.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("vpn_windows"), ids=str)
def test_vpn_windows(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
