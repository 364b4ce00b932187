"""Google Workspace as a tenant: made-up users, of the form that the Directory API documents."""

from pathlib import Path

import pytest

from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("tenant_google"), ids=str)
def test_tenant_google(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)
