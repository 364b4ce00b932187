"""The door and the whole scan under Wine, once for all tests: `script/wine` makes it, as root.

Wine has no rules of accounts, audit policy, BitLocker, Defender, update agent or secedit (its own ends well and writes
nothing): what they would tell must be unknown there, and nothing may pass for want of an answer.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.windows import wine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("mmdebstrap", "unshare", root=True),
    pytest.mark.xdist_group("wine"),
]

ANYWHERE = {
    "logs.persistent.v1",
    "privileges.elevation-asks.v1",
    "remote-tools.no-unattended.v1",
    "remote-tools.none-running.v1",
    "removable-media.none-seen.v1",
    "updates.automatic-security.v1",
    "accounts.no-automatic-login.v1",
    "inventory.serial-known.v1",
    "inventory.model-known.v1",
    "listeners.no-obsolete-service.v1",
    "listeners.databases-local.v1",
    "listeners.no-container-interface.v1",
    "listeners.no-cleartext-login.v1",
    "listeners.no-ftp.v1",
    "listeners.no-vnc.v1",
}
"""What Wine's own registry, services, sockets and hardware classes let pass; a further one would rest on no answer."""


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What inside.py printed, in a copy of the Windows that is thrown away."""
    told: dict[str, Any] = json.loads(
        wine.python(tmp_path_factory.mktemp("wine"), "-m", "tests.windows.inside")
    )
    return told


def verdicts(scan: dict[str, Any], wanted: Callable[[str], bool]) -> set[str]:
    """The checks of a scan with such a verdict."""
    return {one["check"] for one in scan["verdicts"] if wanted(one["answer"])}


def test_registry(answers: dict[str, Any]) -> None:
    """Every kind of value is read as what it is, in the 64-bit view."""
    assert answers["registry"] == {
        "number": 0xFFFFFFFF,
        "wide": 2**40,
        "text": "管理员 Änne",
        "texts": ["a", "b"],
        "bytes": "0001",
        "view": "64",
    }


def test_services(answers: dict[str, Any], record_property: Callable[[str, object], None]) -> None:
    """State and start type of every service are those that its manager tells."""
    count, *wrong = answers["services"]
    record_property("compared", int(count))
    assert (int(count) > 5, wrong) == (True, [])


def test_sealed_secret(answers: dict[str, Any]) -> None:
    """DPAPI seals for the machine and opens again."""
    assert answers["dpapi"] is True


def test_classes(answers: dict[str, Any]) -> None:
    """CIM classes answer through COM."""
    assert answers["bios"] == [{"SerialNumber": "Serial number"}]


def test_reasons(answers: dict[str, Any]) -> None:
    """What cannot be asked says why; a tool that ends well and writes nothing has said nothing."""
    assert answers["reasons"] == {
        "namespace": "not_found",
        "secedit": "malformed",
        "modals": "unsupported",
        "audit": "unsupported",
        "updates": "malformed",
        "key": "not_found",
        "service": "not_found",
    }


def test_scan(answers: dict[str, Any]) -> None:
    """The whole scan runs, no collector breaks, and nothing passes that was not really seen."""
    scan = answers["before"]
    assert {one["error"] for one in scan["collectors"].values()} == {None}
    assert verdicts(scan, "pass".__eq__) <= ANYWHERE
    assert len(verdicts(scan, "unknown".__eq__)) > 20


def test_changes(answers: dict[str, Any]) -> None:
    """Settings that are written into the registry are what the next scan tells."""
    before, after = (
        {name: one.get("value") for name, one in answers[when]["facts"].items()}
        for when in ("before", "after")
    )
    wanted = {
        "rdp.enabled": True,
        "rdp.network_level_authentication": False,
        "winrm.basic": True,
        "screen_lock.idle_seconds": 600,
        "updates.automatic_security": False,
        "updates.reboot_required": True,
        "accounts.automatic_login": True,
        "laps.backup_directory": "ad",
    }
    assert wanted == {name: after.get(name) for name in wanted}
    assert not [name for name in wanted if before.get(name) == wanted[name]]
    failed = verdicts(answers["after"], "fail".__eq__)
    assert {"rdp.network-level-authentication.v1", "accounts.no-automatic-login.v1"} <= failed
