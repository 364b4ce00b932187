"""The vpn collector of network devices, by its cases in fixtures/vpn_device.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("vpn_device"), ids=str)
def test_vpn_device(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
