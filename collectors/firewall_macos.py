"""The application firewall of macOS, by its own tool: off, on, or blocking all that comes in.

While it is on, it decides program by program, and lets signed ones listen unless it is told otherwise; so what
happens to a connection that no rule provides for is known only where it blocks everything. The number of the state
counts, not its words. Its packet filter (pf) is not looked at.
"""

from __future__ import annotations

import re
from typing import Final

from collectors import firewall as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen

FACTS = {
    name: linux.FACTS[name] for name in ("firewall.active", "firewall.default_inbound", "firewall.manager")
}
STATE: Final = ("/usr/libexec/ApplicationFirewall/socketfilterfw", "--getglobalstate")
OFF, ON, BLOCKS_ALL = 0, 1, 2
_STATE: Final = re.compile(r"\(State = ([0-2])\)\s*")


def collect(host: Host) -> Findings:
    """The state in effect."""
    findings = Findings()
    findings.fact("firewall.manager", "application firewall", STATE[0])
    findings.look("firewall.active", _active, host)
    findings.look("firewall.default_inbound", _default_inbound, host)
    return findings


def _state(host: Host) -> tuple[int, str]:
    told = host.run(STATE)
    found = _STATE.search(told.text)
    if not found or found.end() != len(told.text):
        raise Unseen("malformed", told.source, "no state")
    return int(found[1]), told.source


def _active(host: Host) -> Seen:
    state, source = _state(host)
    return Seen(state != OFF, source)


def _default_inbound(host: Host) -> Seen:
    state, source = _state(host)
    if state == ON:
        raise Unseen("unsupported", source, "decided program by program")
    return Seen("drop" if state == BLOCKS_ALL else "accept", source)
