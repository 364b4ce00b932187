"""Timers that were stopped: what our reader says against what systemd does with them."""

from collections.abc import Callable

import pytest

from collectors.readers import timers
from tests.hosts.booted import Booted

pytestmark = [pytest.mark.slow, pytest.mark.real("systemd-nspawn", "nsenter", "ip", root=True)]

APT = ("apt-daily.timer", "apt-daily-upgrade.timer")
FILES = {
    "/etc/systemd/system/hold.service": "[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\n",
    "/etc/systemd/system/waits.timer": "[Unit]\nWants=hold.service\nAfter=hold.service\n"
    "[Timer]\nOnCalendar=daily\nUnit=apt-daily.service\n",
    "/etc/systemd/system/refused.timer": "[Unit]\nConditionPathExists=/nowhere\n"
    "[Timer]\nOnCalendar=daily\nUnit=apt-daily.service\n",
    "/etc/systemd/system/once.timer": "[Timer]\nOnActiveSec=0\nUnit=true.service\nRemainAfterElapse=yes\n",
    "/etc/systemd/system/true.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
}


def test_stopped(prepared: Callable[[], Booted]) -> None:
    """As shipped nothing is stopped; what is stopped is told; what waits for another unit is not stopped."""
    host = prepared()
    for path, text in FILES.items():
        host.write(path, text)
    host.boot()
    assert [] == host.ask(timers.stopped, *APT)
    host.run("systemctl", "stop", "apt-daily.timer")
    assert ["apt-daily.timer"] == host.ask(timers.stopped, *APT)
    assert "apt-daily.timer" not in host.says("systemctl", "list-timers", "--no-legend")
    host.run("systemctl", "start", "apt-daily.timer")
    assert [] == host.ask(timers.stopped, *APT)
    host.run("systemctl", "start", "--no-block", "waits.timer", "refused.timer")
    host.run("systemctl", "start", "once.timer")
    host.run("systemctl", "is-active", "once.timer")
    assert ["refused.timer"] == host.ask(timers.stopped, "waits.timer", "refused.timer", "once.timer")
