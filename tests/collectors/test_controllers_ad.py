"""The controllers collector of Active Directory, by its cases in fixtures/controllers_ad.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("controllers_ad"), ids=str)
def test_controllers_ad(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
