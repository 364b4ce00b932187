"""The room's README says what the code says."""

import re
from pathlib import Path

from config.statement import PREDICATES

ROOM = Path(__file__).parents[2] / "config"
README = (ROOM / "README.md").read_text(encoding="utf-8")
SOURCES = {
    path.stem: path.read_text(encoding="utf-8") for path in ROOM.glob("*.py") if path.stem != "__init__"
}


def test_modules() -> None:
    """Every module is in the table."""
    table = README.partition("| Module |")[2].partition("\n\n")[0]

    assert SOURCES.keys() == set(re.findall(r"`(\w+)`", table))


def test_codes() -> None:
    """Every error code that is written out in the code is in the table."""
    codes = {code for source in SOURCES.values() for code in re.findall(r'InputError\(\s*"(\w+)"', source)}

    assert codes
    assert set() == codes - set(re.findall(r"`(\w+)`", README))


def test_bundle_codes_and_the_steps() -> None:
    """The steps are twelve, and the check says so too."""
    steps = re.findall(r"^(\d+)\. ", README, re.MULTILINE)

    assert [str(number) for number in range(1, 13)] == steps
    assert 12 == SOURCES["bundle_check"].count("told.step(")


def test_kinds() -> None:
    """Every kind of statement is said to be signed by somebody."""
    table = README.partition("| Signed by |")[2].partition("\n\n")[0]
    assert PREDICATES.keys() == set(re.findall(r"`(\w+)`", table))
