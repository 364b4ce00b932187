"""When the screen of a desktop locks: GNOME's and KDE Plasma's settings, and what users changed of them."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import dconf, passwd

_SESSION: Final = "org/gnome/desktop/session"
_SAVER: Final = "org/gnome/desktop/screensaver"
_KDE: Final = "/etc/xdg/kscreenlockerrc"


@dataclass(frozen=True)
class ScreenLock:
    """`idle_seconds` 0: the screen never locks by itself."""

    idle_seconds: int
    requires_password: bool
    sources: tuple[str, ...]


def gnome(host: Host) -> ScreenLock:
    """GNOME's lock.

    A key that no lock holds and that a user's database names is `unsupported`: it is binary.
    """
    delay, delay_source = dconf.value(host, _SESSION, "idle-delay", "300")
    grace, grace_source = dconf.value(host, _SAVER, "lock-delay", "0")
    enabled, enabled_source = dconf.value(host, _SAVER, "lock-enabled", "true")
    for path, key in ((_SESSION, "idle-delay"), (_SAVER, "lock-delay"), (_SAVER, "lock-enabled")):
        if not dconf.locked(host, path, key):
            _refuse_if_changed(host, key)
    sources = (delay_source, grace_source, enabled_source)
    if not (delay.isdecimal() and grace.isdecimal()):
        raise Unseen("malformed", ", ".join(sources))
    seconds = int(delay) + int(grace) if int(delay) and enabled == "true" else 0
    return ScreenLock(seconds, enabled == "true", sources)


def plasma(host: Host) -> ScreenLock:
    """KDE Plasma's lock, the weakest of the system's setting and every user's own."""
    files = [_KDE, *(f"{home}/.config/kscreenlockerrc" for home in _homes(host))]
    found = [_plasma(host, path) for path in files if host.exists(path)] or [
        ScreenLock(300, True, ("KDE default",))
    ]
    never = [one for one in found if one.idle_seconds == 0]
    worst = never[0] if never else max(found, key=lambda one: one.idle_seconds)
    return ScreenLock(worst.idle_seconds, all(one.requires_password for one in found), worst.sources)


def _plasma(host: Host, path: str) -> ScreenLock:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(host.text(path))
        minutes = parser.getint("Daemon", "Timeout", fallback=5)
        grace = parser.getint("Daemon", "LockGrace", fallback=5)
        locks = parser.getboolean("Daemon", "Autolock", fallback=True)
        password = parser.getboolean("Daemon", "RequirePassword", fallback=True)
    except (configparser.Error, ValueError):
        raise Unseen("malformed", path) from None
    return ScreenLock(
        minutes * 60 + max(grace, 0) if locks and minutes > 0 else 0, locks and password, (path,)
    )


def _refuse_if_changed(host: Host, key: str) -> None:
    for home in _homes(host):
        path = f"{home}/.config/dconf/user"
        if host.exists(path) and key.encode() in host.read(path):
            raise Unseen("unsupported", path, f"{key} is changed by a user, and the file is binary")


def _homes(host: Host) -> list[str]:
    return [one.home.rstrip("/") for one in passwd.accounts(host) if one.interactive]
