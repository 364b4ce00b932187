"""The exposure collector, by its cases in fixtures/exposure_network.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("exposure_network"), ids=str)
def test_exposure(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
