"""The lock of the only user of a Mac, who asks for it: sysadminctl tells each user of his own lock alone.

It writes to its standard error, behind a time and its own number, and ends with 0 whatever it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import macos_directory, macos_switches
from collectors.readers.once import once

STATUS: Final = ("sysadminctl", "-screenLock", "status")
ASKER: Final = ("id", "-un")
_STATUS: Final = re.compile(
    r"sysadminctl\[[^\]\n]*\] screenLock (?:is (off)|delay is (?:(immediate)|(-?\d+)(?:\.\d+)? seconds?))\.?\s*"
)


@dataclass(frozen=True)
class Lock:
    """After how many seconds a locked screen asks for the password; None where it never does."""

    delay: int | None
    source: str


def of_the_only_user(host: Host) -> Lock:
    """The lock; read once per scan.

    Raises `Unseen`; `unsupported` where somebody else may log in too, or the one who asks is not that user.
    """
    return once(host, _lock)


def _lock(host: Host) -> Lock:
    source = " ".join(STATUS)
    names = {one.name for one in macos_directory.people(host) if one.number or one.may_log_in}
    others = macos_switches.directories(host).value or macos_switches.guest(host).value
    if others or names != {host.run(ASKER).text.strip()}:
        raise Unseen("unsupported", source, "it tells of the user who asks, and others may log in")
    told = host.run(STATUS)
    found = _STATUS.search(told.stderr.decode("utf-8", "replace") + told.text)
    if not found:
        raise Unseen("malformed", source, "not the words of sysadminctl")
    off, immediate, seconds = found.groups()
    if off or (seconds and int(seconds) < 0):
        return Lock(None, source)
    return Lock(0 if immediate else int(seconds), source)
