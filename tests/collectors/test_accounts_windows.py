"""The accounts collector for Windows, by its cases in fixtures/accounts_windows.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("accounts_windows"), ids=str)
def test_accounts_windows(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
