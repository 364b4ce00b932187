"""timesyncd's servers: our reading of its files against what the running daemon says that it has (timedatectl)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.door import Unseen
from collectors.doors.root import Root
from collectors.readers import clocks
from tests.hosts.booted import Booted

pytestmark = [pytest.mark.slow, pytest.mark.real("systemd-nspawn", "nsenter", "ip", root=True)]

MAIN, DROP_INS, VENDOR = (
    "/etc/systemd/timesyncd.conf",
    "/etc/systemd/timesyncd.conf.d",
    "/usr/lib/systemd/timesyncd.conf.d",
)
# In a container it would not start at all.
STARTS = "[Unit]\nConditionVirtualization=\nConditionCapability=\n[Service]\nAmbientCapabilities=\n"
CASES: list[dict[str, str]] = [
    {},
    {MAIN: "[Time]\nNTP=192.0.2.1 192.0.2.2\n"},
    {MAIN: "[Time]\nNTP=192.0.2.1\n", f"{DROP_INS}/a.conf": "[Time]\nNTP=192.0.2.2\n"},
    {MAIN: "[Time]\nNTP=192.0.2.1\n", f"{DROP_INS}/a.conf": "[Time]\nNTP=\nNTP=192.0.2.2\n"},
    {MAIN: "[Time]\nNTP=192.0.2.1\n", f"{DROP_INS}/a.conf": "[Time]\nNTP=\n"},
    {f"{VENDOR}/a.conf": "[Time]\nNTP=192.0.2.1\n", f"{DROP_INS}/a.conf": "[Time]\nNTP=192.0.2.2\n"},
    {f"{VENDOR}/a.conf": "[Time]\nNTP=192.0.2.1\n", f"{DROP_INS}/b.conf": "[Time]\nFallbackNTP=192.0.2.2\n"},
    {MAIN: "[Time]\nFallbackNTP=192.0.2.1\n"},
    {MAIN: "[Time]\nFallbackNTP=192.0.2.1\n", f"{DROP_INS}/a.conf": "[Time]\nFallbackNTP=\n"},
    {MAIN: "[Time]\nFallbackNTP=192.0.2.1\n", f"{DROP_INS}/a.conf": "[Time]\nFallbackNTP=192.0.2.3\n"},
    {f"{DROP_INS}/a.conf": "[Resolve]\nNTP=192.0.2.1\n"},
    {f"{DROP_INS}/a.conf": "NTP=192.0.2.1\n"},
    {f"{DROP_INS}/a.conf": "[Time]\nNTP=192.0.2.1 \\\n  192.0.2.2\n"},
    {f"{DROP_INS}/.a.conf": "[Time]\nNTP=192.0.2.1\n"},
    {f"{DROP_INS}/a.conf": "[Time]\nntp=192.0.2.1\n"},
]


RELEASES = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"hosts-{name}")) for name in ("bullseye", "trixie")
]
"""Bookworm's root holds chrony, which takes timesyncd's place."""


def _ours(host: Booted) -> list[str] | None:
    try:
        return clocks.CLOCKS[-1].servers(Root(Path(f"/proc/{host.pid}/root")))[0]
    except Unseen:
        return None


@pytest.mark.parametrize("release", RELEASES, indirect=True)
def test_servers(
    prepared: Callable[[], Booted], release: str, record_property: Callable[[str, object], None]
) -> None:
    """NTP=, else FallbackNTP=, else what is built in."""
    host = prepared()
    shipped = (host.root / MAIN[1:]).read_text()
    host.write("/etc/systemd/system/systemd-timesyncd.service.d/starts.conf", STARTS)
    host.boot()
    wrong = []
    for case in CASES:
        for path, text in {MAIN: shipped, **case}.items():
            host.write(path, text)
        host.run("systemctl", "reset-failed", "systemd-timesyncd.service")
        host.run("systemctl", "restart", "systemd-timesyncd.service")
        told = host.run(
            "timedatectl", "show-timesync", "-p", "SystemNTPServers", "-p", "FallbackNTPServers"
        ).stdout
        said = dict(line.split("=", 1) for line in told.splitlines())
        real = (said.get("SystemNTPServers") or said.get("FallbackNTPServers", "")).split()
        ours = _ours(host)
        # Without the shipped file nobody can tell what is built in.
        if ours != real and (ours is not None or MAIN not in case):
            wrong.append(f"{case}: {ours}, {told}")
        host.run("rm", "-f", *case)
    record_property("compared", len(CASES))
    assert not wrong, "\n".join(wrong)
