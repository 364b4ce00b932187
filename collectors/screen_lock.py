"""When the screen locks itself, and whether it then asks for a password: GNOME and KDE Plasma.

Only where a desktop is installed; that there is none is seen by looking at display managers and sessions.
Of several desktops the weakest counts, since a user picks one at the login. A desktop that is not known
here makes the answer unknown.
"""

from __future__ import annotations

from collectors.door import Host, Unseen
from collectors.findings import Fact, Findings
from collectors.readers import desktop, screen_locks

FACTS = {
    "screen_lock.desktop_installed": Fact("bool", "a display manager or a desktop session is installed"),
    "screen_lock.idle_seconds": Fact("int", "idle seconds until the screen is locked; 0 is never"),
    "screen_lock.requires_password": Fact("bool", "a locked screen asks for a password"),
}
KNOWN = {
    "gnome": screen_locks.gnome,
    "ubuntu": screen_locks.gnome,
    "pop": screen_locks.gnome,
    "plasma": screen_locks.plasma,
    "kde": screen_locks.plasma,
}


def collect(host: Host) -> Findings:
    """The weakest lock of the desktops that can be chosen."""
    findings = Findings()
    try:
        manager, sessions = desktop.display_manager(host), desktop.sessions(host)
    except Unseen as unseen:
        for name in FACTS:
            findings.unseen(name, unseen)
        return findings
    there = bool(manager or sessions)
    findings.fact("screen_lock.desktop_installed", there, *(sessions or [manager or desktop.LOOKED_AT[1]]))
    if not there:
        findings.not_applicable("no desktop is installed")
        return findings
    try:
        locks = [_lock(host, path) for path in sessions]
        if not locks:
            raise Unseen("unsupported", manager, "no session is known")
    except Unseen as unseen:
        findings.unseen("screen_lock.idle_seconds", unseen)
        findings.unseen("screen_lock.requires_password", unseen)
        return findings
    never = [one for one in locks if one.idle_seconds == 0]
    worst = never[0] if never else max(locks, key=lambda one: one.idle_seconds)
    findings.fact("screen_lock.idle_seconds", worst.idle_seconds, *worst.sources)
    findings.fact(
        "screen_lock.requires_password", all(one.requires_password for one in locks), *worst.sources
    )
    return findings


def _lock(host: Host, path: str) -> screen_locks.ScreenLock:
    name = path.rsplit("/", 1)[-1].lower()
    for word, read in KNOWN.items():
        if name.startswith(word):
            return read(host)
    raise Unseen("unsupported", path, "a desktop that is not known here")
