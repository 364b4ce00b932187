"""Cisco IOS and IOS-XE: the whole running configuration, or why there is none.

A user below level 15, or in a parser view, is shown a part of the configuration without a word about the rest. So
the level is asked first, and what is not level 15 is `permission_denied`.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Unseen
from collectors.door_device import Device
from collectors.readers import cli_text
from collectors.readers.cli_text import Line

RUNNING: Final = "show running-config"
VERSION: Final = "show version"
_IOS: Final = re.compile(
    r"^(Cisco IOS (?!XR\b)|Cisco Internetwork Operating System |IOS \(tm\) )", re.MULTILINE
)
"""IOS XR has another command line, and calls itself Cisco IOS too."""
_KEY: Final = "cli_ios.config"


def version(device: Device) -> str:
    """What `show version` prints; `unsupported` where it is not Cisco's IOS that answers."""
    if device.vendor != "ios":
        raise Unseen("unsupported", VERSION, f"nothing is known of {device.vendor}")
    text = device.show(VERSION)
    if not _IOS.search(text):
        raise Unseen("unsupported", VERSION, "not Cisco IOS")
    return text


def config(device: Device) -> tuple[Line, ...]:
    """The commands of the running configuration, all of them."""
    kept = device.cache.get(_KEY)
    if kept is None:
        version(device)
        level = re.search(
            r"^Current privilege level is (\d+)\s*$", device.show("show privilege"), re.MULTILINE
        )
        if not level or level[1] != "15":
            raise Unseen("permission_denied", RUNNING, "below privilege level 15 a part of it would be shown")
        kept = device.cache[_KEY] = cli_text.read(device.show(RUNNING), RUNNING)
    return kept  # type: ignore[return-value]


def source(*lines: Line | None) -> tuple[str, ...]:
    """Where commands stand; of those that are not there, that the configuration was read."""
    return tuple(f"{RUNNING}:{line.number}" for line in lines if line) or (RUNNING,)
