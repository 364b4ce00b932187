"""Whether security patches install themselves on SUSE: a timer, or YaST's online update from cron."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, glob
from collectors.findings import Seen
from collectors.readers import timers, unit_settings, units

# Timer, what its service must start, and the setting of its file that may turn it into something else.
TIMERS: Final = {
    "transactional-update.timer": (r"transactional-update\b", None),
    "os-update.timer": (
        r"os-update\b",
        ("/etc/os-update.conf", re.compile(r'^UPDATE_CMD="?none\b', re.MULTILINE)),
    ),
}
ONLINE_UPDATE: Final = "/etc/sysconfig/automatic_online_update"
CRON: Final = "/etc/cron.*/opensuse.org-online_update"

_ENABLED: Final = re.compile(r"""^AOU_ENABLE_CRONJOB=["']?true""", re.MULTILINE)
_CATEGORIES: Final = re.compile(r"""^AOU_PATCH_CATEGORIES=["']?([^"'\n]*)""", re.MULTILINE)


def automatic_security(host: Host) -> Seen:
    """Whether nothing keeps security updates from installing themselves."""
    blocked = automatic_blocked_by(host)
    return Seen(blocked.value == [], *blocked.sources)


def automatic_blocked_by(host: Host) -> Seen:
    """What keeps updates from installing themselves: nothing, if one way gets through."""
    found: list[tuple[list[str], str]] = []
    for timer, (runs, off) in TIMERS.items():
        unit = units.unit(host, timer)
        if unit.enabled or unit.masked:
            reasons = unit_settings.obstacles(host, timer, runs)
            if not reasons:
                reasons += [f"timer_stopped:{one}" for one in timers.stopped(host, timer)]
            if off and host.exists(off[0]) and off[1].search(host.text(off[0])):
                reasons.append("update_command_none")
            found.append((reasons, unit.source))
    found.append((_online_update(host), ONLINE_UPDATE))
    open_ways = [source for reasons, source in found if not reasons]
    if open_ways:
        return Seen([], *open_ways)
    return Seen(
        [*dict.fromkeys(reason for reasons, _ in found for reason in reasons)],
        *(source for _, source in found),
    )


def _online_update(host: Host) -> list[str]:
    text = host.text(ONLINE_UPDATE) if host.exists(ONLINE_UPDATE) else ""
    if not _ENABLED.search(text):
        return ["online_update_off"]
    wanted = _CATEGORIES.search(text)
    narrowed = wanted is not None and wanted[1].split() and "security" not in wanted[1].split()
    return (["security_not_chosen"] if narrowed else []) + ([] if glob(host, CRON) else ["no_job_in_cron"])
