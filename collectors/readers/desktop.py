"""Whether somebody sits before this host: display managers and desktops, by the files they install."""

from __future__ import annotations

from collectors.door import Host, Unseen, glob

LINK = "/etc/systemd/system/display-manager.service"
PROGRAMS = (
    "/usr/sbin/gdm3",
    "/usr/sbin/gdm",
    "/usr/bin/gdm",
    "/usr/bin/sddm",
    "/usr/sbin/lightdm",
    "/usr/sbin/lxdm",
    "/usr/bin/lxdm-binary",
    "/usr/bin/xdm",
    "/usr/sbin/greetd",
    "/usr/bin/greetd",
)
SESSIONS = ("/usr/share/xsessions/*.desktop", "/usr/share/wayland-sessions/*.desktop")
LOOKED_AT = (LINK, "/usr/sbin, /usr/bin: display managers")


def display_manager(host: Host) -> str:
    """The path that shows a display manager; "" when every place was looked at and none is there.

    Raises `Unseen` when a place could not be looked at: an absence must be seen.
    """
    try:
        if host.readlink(LINK) != "/dev/null":
            return LINK
    except Unseen as unseen:
        if unseen.reason not in ("not_found", "malformed"):
            raise
    return next((path for path in PROGRAMS if host.exists(path)), "")


def sessions(host: Host) -> list[str]:
    """The desktops that can be chosen at login, as paths of their .desktop files."""
    return [path for pattern in SESSIONS for path in glob(host, pattern)]
