"""The Kerberos collector of Active Directory, by its cases in fixtures/kerberos_ad.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("kerberos_ad"), ids=str)
def test_kerberos_ad(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
