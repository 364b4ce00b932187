"""Remote tools of macOS, by the cases in fixtures/remote_tools_macos.toml (samples; never run on a Mac)."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("remote_tools_macos"), ids=str)
def test_remote_tools_macos(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
