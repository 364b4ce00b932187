"""Whether timers that a boot starts were stopped since: systemd's own word, on a live host alone.

A stopped timer stays stopped until somebody starts it or the host boots. One whose start still waits for another
unit, as at boot for the clock to be set, is not stopped. Where systemd does not run, it says nothing.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen

SHOW: Final = ("systemctl", "show", "--property=Id,ActiveState,Job")
SYSTEMD_RUNS: Final = "/run/systemd/system"

_STOPPED: Final = ("inactive", "failed")
_BLOCK: Final = re.compile(r"^Id=(\S+)\nActiveState=([a-z-]+)\nJob=(\d*)$", re.MULTILINE)


def stopped(host: Host, *timers: str) -> list[str]:
    """Those of the timers that are stopped; nothing is known of that on a root."""
    if host.offline or not host.exists(SYSTEMD_RUNS):
        return []
    done = host.run((*SHOW, *timers))
    told = {name: (state, job) for name, state, job in _BLOCK.findall(done.text)}
    if told.keys() != {*timers} or not done.text.endswith("\n"):
        raise Unseen("malformed", done.source, "not every timer is told of")
    return [name for name in timers if told[name][0] in _STOPPED and told[name][1] in ("", "0")]
