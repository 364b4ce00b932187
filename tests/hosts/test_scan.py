"""A whole scan of a booted host: against its folder, its own tools, and what waits in the real archives."""

import re

import pytest

from agent.scan import Scan
from collectors.doors.root import Root
from config.canonical import Json
from tests.hosts.booted import Booted
from tests.hosts.questions import scan

pytestmark = [pytest.mark.slow, pytest.mark.real("systemd-nspawn", "nsenter", "ip", root=True)]

DIFFERENT = {
    "host.role": "booted here it is a container",
    "time.service": "in a container no unit of a clock is started: ConditionVirtualization, ConditionCapability",
    "time.sources": "as above",
}
"""Facts that a folder and the host booted from it may tell differently, and why."""

_SECURITY = re.compile(r"^Inst (\S+) \[(\S+)\] \((\S+) .*Debian-Security", re.MULTILINE)


@pytest.fixture(scope="module")
def live(shipped: Booted) -> Scan:
    return shipped.ask(scan)


@pytest.fixture(scope="module")
def offline(shipped: Booted) -> Scan:
    return scan(Root(shipped.root))


def test_nothing_raises(live: Scan, offline: Scan) -> None:
    """No collector stumbles over a real Debian, running or not."""
    assert ({}, {}) == (live.errors, offline.errors)


def test_folder_and_host_agree(live: Scan, offline: Scan, release: str) -> None:
    """What both doors claim is the same."""
    here, there = live.evidence.facts, offline.evidence.facts
    both = sorted(here.keys() & there.keys())
    print(f"{release}: {len(both)} facts told by both doors")
    assert len(both) > 60
    differ = {name: (here[name], there[name]) for name in both if _told(here[name]) != _told(there[name])}
    assert {} == {name: values for name, values in differ.items() if name not in DIFFERENT}


def test_listeners(shipped: Booted, live: Scan) -> None:
    """Every listening TCP socket that ss shows, and no other."""
    theirs = {line.split()[3].replace("*:", "[::]:") for line in shipped.says("ss", "-Hltn").splitlines()}
    rows = [row for row in _records(live, "listeners.sockets") if row["protocol"] == "tcp"]
    ours = {_endpoint(str(row["address"]), row["port"]) for row in rows}
    assert theirs
    assert theirs == ours


def test_pending_security(shipped: Booted, live: Scan, release: str) -> None:
    """Exactly what a simulated upgrade would take from the security archive, by name and by version."""
    theirs = set(_SECURITY.findall(shipped.says("apt-get", "-qq", "-s", "dist-upgrade")))
    rows = _records(live, "updates.pending_security")
    ours = {(str(row["name"]).partition(":")[0], row["installed"], row["available"]) for row in rows}
    assert theirs == ours
    assert theirs or release == "trixie", "installed from main alone, something must be pending"
    print(f"{release}: {len(theirs)} pending security updates")


def test_automatic_updates(shipped: Booted, live: Scan) -> None:
    """Both of APT's timers have a next moment, and no timer is named as an obstacle."""
    waiting = shipped.says("systemctl", "list-timers", "--no-legend", "--no-pager")
    assert "apt-daily.timer" in waiting
    assert "apt-daily-upgrade.timer" in waiting
    told = live.evidence.facts["updates.automatic_blocked_by"]
    assert isinstance(told, list)
    assert [] == [reason for reason in told if str(reason).startswith(("timer", "service", "condition"))]


def _records(scanned: Scan, name: str) -> list[dict[str, Json]]:
    value = scanned.evidence.facts[name]
    assert isinstance(value, list)
    return [row for row in value if isinstance(row, dict)]


def _endpoint(address: str, port: Json) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _told(value: Json) -> Json:
    """A fact without the places that its records name: live it is a command, in a folder a file."""
    if not isinstance(value, list):
        return value
    return [
        {k: v for k, v in row.items() if k != "source"} if isinstance(row, dict) else row for row in value
    ]
