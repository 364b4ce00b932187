"""The screen lock of a Mac: what binds every user, which is a profile, and the display's own sleep.

A user's own settings can be changed by that user and are not all to be seen (since macOS 13 the secure default is
written nowhere), so without a profile nothing is known, but of the only user of a Mac who looks at it himself
(`readers.macos_lock`). The screen locks at the screen saver or when the display sleeps, whichever comes first, and
after the delay of the password.
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors import screen_lock as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import macos_lock, macos_plist

FACTS = dict(linux.FACTS)
PROFILE: Final = f"{macos_plist.MANAGED}/com.apple.screensaver.plist"
POWER: Final = ("pmset", "-g", "custom")
DESKTOP: Final = "/System/Library/CoreServices/loginwindow.app"
_SECTION: Final = re.compile(r"(AC|Battery|UPS) Power:")
_SLEEP: Final = re.compile(r"\s+displaysleep\s+(\d+)(?:\s.*)?")


def collect(host: Host) -> Findings:
    """Password and idle time by the profile, the display's sleep by pmset."""
    findings = Findings()
    findings.look("screen_lock.desktop_installed", _desktop_installed, host)
    findings.look("screen_lock.requires_password", _requires_password, host)
    findings.look("screen_lock.idle_seconds", _idle_seconds, host)
    return findings


def _desktop_installed(host: Host) -> Seen:
    if not host.exists(DESKTOP):  # every Mac has it: without it this is none, and nothing is exempt
        raise Unseen("not_found", DESKTOP)
    return Seen(True, DESKTOP)


def _profile(host: Host) -> dict[str, Any]:
    return macos_plist.read(host, PROFILE) if host.exists(PROFILE) else {}


def _demanded(profile: dict[str, Any]) -> bool | None:
    return macos_plist.flag(profile.get("askForPassword"), PROFILE)


def _requires_password(host: Host) -> Seen:
    demanded = _demanded(_profile(host))
    if demanded is None:
        own = macos_lock.of_the_only_user(host)
        return Seen(own.delay is not None, PROFILE, own.source)
    return Seen(demanded, PROFILE)


def _idle_seconds(host: Host) -> Seen:
    """A screen that asks for nothing is not locked: 0, as where it never goes dark."""
    profile, sources = _profile(host), [PROFILE, " ".join(POWER)]
    saver, delay = _number(profile, "idleTime"), _number(profile, "askForPasswordDelay")
    display, demanded = _display_sleep(host), _demanded(profile)
    limits = [one for one in (saver, display) if one]
    if not limits and saver is None:
        raise Unseen("unsupported", PROFILE, "each user's own screen saver is not seen")
    if not limits or demanded is False:
        return Seen(0, *sources)
    if demanded is None or delay is None:
        own = macos_lock.of_the_only_user(host)
        delay, sources = own.delay, [*sources, own.source]
    return Seen(0 if delay is None else min(limits) + delay, *sources)


def _number(profile: dict[str, Any], key: str) -> int | None:
    value = profile.get(key)
    if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value < 0):
        raise Unseen("malformed", PROFILE, f"{key} is no number")
    return None if value is None else int(value)


def _display_sleep(host: Host) -> int:
    """After how many seconds the display sleeps, on the power source where it takes longest; 0 is never."""
    told = host.run(POWER)
    lines = told.text.splitlines()
    sections = [line for line in lines if _SECTION.fullmatch(line)]
    minutes = [int(row[1]) for row in map(_SLEEP.fullmatch, lines) if row]
    if not sections or len(minutes) != len(sections):
        raise Unseen("malformed", told.source, "not one displaysleep for each power source")
    return 0 if 0 in minutes else max(minutes) * 60
