"""The log collector of macOS, by its cases in fixtures/logs_macos.toml (samples; never run on a Mac)."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("logs_macos"), ids=str)
def test_logs_macos(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
