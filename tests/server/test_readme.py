"""The room's README is held to the code: modules, steps, limits."""

import re
from pathlib import Path

from config import settings
from server import admission, answers, body, chain, connection, ingest, rate

_ROOM = Path(admission.__file__).parent
_TEXT = (_ROOM / "README.md").read_text(encoding="utf-8")
_STEP = re.compile(r"# ((?:\d+(?:, )?)+)(?: |$)", re.MULTILINE)


def test_modules() -> None:
    """Every module of the room stands in its table, and nothing that is not there."""
    table = _TEXT.partition("| Module |")[2].partition("\n## ")[0]
    told = set(re.findall(r"`([a-z_]+)[*/]?`", table))
    there = {path.stem for path in _ROOM.glob("*.py")} | {
        path.name for path in _ROOM.iterdir() if path.is_dir()
    }
    apart = {
        "__init__",
        "__pycache__",
        "urls",
        "templates",
        "static",
        "locale",
        "api_joined",
        "api_shapes",
        "api_tokens",
    }
    assert there - apart == told | {"__main__"}


def test_ten_steps() -> None:
    """The steps are numbered one to ten, here and in the code that takes them."""
    section = _TEXT.partition("## Admission in ten steps")[2].partition("\n## ")[0]
    assert [str(number) for number in range(1, 11)] == re.findall(r"^(\d+)\. ", section, re.MULTILINE)
    code = "".join(
        Path(str(module.__file__)).read_text(encoding="utf-8") for module in (admission, ingest, chain)
    )
    taken = {number for found in _STEP.findall(code) for number in found.split(", ")}
    assert {str(number) for number in range(1, 11)} == taken
    assert "10. verdicts are refreshed" in str(admission.__doc__)


def test_limits() -> None:
    """The limits that the README names are those of the code."""
    assert (32 << 10, 20) == (connection.HEAD_MAX_BYTES, connection.HEAD_DEADLINE_SECONDS)
    assert (8 << 20, 20) == (settings.UPLOAD_MAX_BYTES, settings.BODY_DEADLINE_SECONDS)
    assert (256 << 20, 256) == (body.READING_MAX_BYTES, settings.REQUESTS_IN_FLIGHT_MAX)
    assert (60, 240) == (settings.REPORTS_PER_HOST_PER_MINUTE_MAX, rate.BURST)
    assert (32, 200) == (settings.JSON_MAX_DEPTH, settings.SECTIONS_MAX)


def test_codes() -> None:
    """Every code that the server's modules raise is lower case, and has a status."""
    code = "".join(path.read_text(encoding="utf-8") for path in _ROOM.glob("*.py"))
    raised = set(re.findall(r'(?:InputError|RefusalError)\(\s*"([^"]+)"', code))
    assert raised
    assert all(re.fullmatch(r"[a-z_]+", each) for each in raised)
    assert {"disk_full", "sequence_fork", "wrong_host", "body_timeout"} <= answers.STATUS.keys()
