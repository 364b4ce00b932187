"""Sockets, rules, files and what Wine has not got, asked through the door by a Windows Python under Wine."""

import json
from typing import Any

import pytest

from tests.windows import wine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("mmdebstrap", "unshare", root=True),
    pytest.mark.xdist_group("wine"),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What inside_collectors.py printed."""
    printed = wine.python(tmp_path_factory.mktemp("wine"), "-m", "tests.windows.inside_collectors")
    answers: dict[str, Any] = json.loads(printed)
    return answers


def test_sockets(told: dict[str, Any]) -> None:
    """Sockets are seen with their address and their program, through Windows' own tables."""
    everywhere, here = told["ports"]
    assert sorted(told["sockets"], key=str) == [
        ["tcp", "0.0.0.0", everywhere, "python.exe"],
        ["tcp", "127.0.0.1", here, "python.exe"],
    ]
    seen = {one["port"]: one["loopback"] for one in told["facts"]["listeners.sockets"]}
    assert seen[everywhere] is False


def test_rules_and_files(told: dict[str, Any]) -> None:
    """A rule of the firewall comes back as it was written; a plain file on a drive has a time, nothing else has."""
    assert (told["rule"], told["modified"] < 2) == ("anyone", True)
    assert (told["reasons"]["folder"], told["reasons"]["share"]) == ("unsupported", "unsupported")


def test_what_wine_has_not_got(told: dict[str, Any]) -> None:
    """No time service, event log, scheduler, BitLocker or firewall there: each is missing, nothing is made up."""
    assert (told["reasons"]["clock"], told["reasons"]["events"]) == ("not_found", "malformed")
    missing = {
        "listeners.exposed",
        "backup.jobs",
        "time.synchronised",
        "encryption.volumes",
        "inventory.disks",
    }
    assert missing <= told["missing"].keys()
    assert "password.dictionary_check" in told["missing"]
    assert told["facts"]["os.support_ends_on"] == "2022-12-13"  # Wine calls itself Windows 10 21H1
