"""How long passwords live in Entra ID: made-up domains, of the form that Microsoft Graph documents."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("password_entra"), ids=str)
def test_password_entra(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
