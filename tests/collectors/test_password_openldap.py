"""The password collector of OpenLDAP, by its cases in fixtures/password_openldap.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("password_openldap"), ids=str)
def test_password_openldap(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
