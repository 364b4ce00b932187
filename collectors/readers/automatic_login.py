"""Display managers that log somebody in by themselves."""

from __future__ import annotations

import configparser
from typing import Final

from collectors.door import Host, Unseen, glob

_TRUE: Final = ("true", "1", "yes")
GDM: Final = ("/etc/gdm3/custom.conf", "/etc/gdm3/daemon.conf", "/etc/gdm/custom.conf")
SDDM: Final = ("/etc/sddm.conf", "/etc/sddm.conf.d/*.conf")
LIGHTDM: Final = ("/etc/lightdm/lightdm.conf", "/etc/lightdm/lightdm.conf.d/*.conf")


def found(host: Host) -> list[str]:
    """The files that switch it on. Raises `Unseen` when one cannot be read."""
    files = []
    for patterns, asks in ((GDM, _gdm), (SDDM, _sddm), (LIGHTDM, _lightdm)):
        for path in [one for pattern in patterns for one in glob(host, pattern)]:
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read_string(host.text(path))
            except configparser.Error:
                raise Unseen("malformed", path) from None
            if asks(parser):
                files.append(path)
    return files


def _gdm(parser: configparser.ConfigParser) -> bool:
    options = ("AutomaticLoginEnable", "TimedLoginEnable")
    return any(parser.get("daemon", one, fallback="").lower() in _TRUE for one in options)


def _sddm(parser: configparser.ConfigParser) -> bool:
    return bool(parser.get("Autologin", "User", fallback=""))


def _lightdm(parser: configparser.ConfigParser) -> bool:
    sections = (one for one in parser.sections() if one.lower().startswith("seat"))
    return any(parser.get(one, "autologin-user", fallback="") for one in sections)
