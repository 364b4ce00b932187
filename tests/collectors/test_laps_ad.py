"""The LAPS collector of Active Directory, by its cases in fixtures/laps_ad.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("laps_ad"), ids=str)
def test_laps_ad(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
