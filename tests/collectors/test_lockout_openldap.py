"""The lockout collector of OpenLDAP, by its cases in fixtures/lockout_openldap.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("lockout_openldap"), ids=str)
def test_lockout_openldap(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
