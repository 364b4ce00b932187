"""The web server of IOS: whether it runs plainly, with TLS, and whom it lets in.

The server is asked for its state; a device that cannot tell it is believed what its configuration writes, and
nothing is claimed where nothing is written, since that differs between releases.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Unseen
from collectors.door_device import Device
from collectors.findings import Seen
from collectors.readers import cli_filters, cli_ios
from collectors.readers.cli_text import has, starting

_STATUS: Final = "show ip http server status"


def plain(device: Device) -> Seen:
    """Whether HTTP answers."""
    return _runs(device, "server", "ip http server")


def secure(device: Device) -> Seen:
    """Whether HTTPS answers."""
    return _runs(device, "secure server", "ip http secure-server")


def restricted(device: Device) -> Seen:
    """Whether no web server runs, or an access list that is defined stands before it."""
    states = plain(device), secure(device)
    if not any(state.value for state in states):
        return Seen(True, *(source for state in states for source in state.sources))
    config = cli_ios.config(device)
    known = cli_filters.lists(config)
    answers = []
    for line, rest in starting(config, "ip http access-class"):
        words = rest.split() or [""]
        family = "ipv6" if words[0] == "ipv6" else "ip"
        name = words[1] if words[0] in ("ipv4", "ipv6") and len(words) > 1 else words[0]
        answers.append((family, cli_filters.restricts(known, family, name), line))
    for family, answer, line in answers:
        if family == "ip" and answer is None:
            raise Unseen("unsupported", cli_ios.source(line)[0], "an access list that is not understood")
    kept = [line for family, answer, line in answers if family == "ip" and answer]
    return Seen(bool(kept), *cli_ios.source(*kept))


def _runs(device: Device, name: str, command: str) -> Seen:
    cli_ios.version(device)
    try:
        text = device.show(_STATUS)
    except Unseen as unseen:
        if unseen.reason != "unsupported":
            raise
        return _written(device, command)
    found = re.search(rf"^HTTP {name} status\s*: (Enabled|Disabled)", text, re.MULTILINE)
    if not found:
        return _written(device, command)
    return Seen(found[1] == "Enabled", _STATUS)


def _written(device: Device, command: str) -> Seen:
    config = cli_ios.config(device)
    on, off = has(config, command), has(config, f"no {command}")
    if not on and not off:
        raise Unseen("unsupported", cli_ios.RUNNING, f"{command} is not written")
    return Seen(on is not None, *cli_ios.source(on or off))
