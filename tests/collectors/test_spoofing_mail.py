"""The spoofing collector, by its cases in fixtures/spoofing_mail.toml."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("spoofing_mail"), ids=str)
def test_spoofing_mail(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
