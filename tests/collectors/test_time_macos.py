"""The time collector of macOS, by its cases in fixtures/time_macos.toml (samples; never run on a Mac)."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("time_macos"), ids=str)
def test_time_macos(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
