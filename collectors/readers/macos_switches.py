"""Who else may log in to a Mac: users of directories, the guest, and somebody without being asked."""

from __future__ import annotations

import re
from typing import Final

from collectors.door import Host, Unseen
from collectors.findings import Seen
from collectors.readers import macos_plist

SEARCH: Final = ("dscl", "-plist", "/Search", "-read", "/", "CSPSearchPath")
GUEST: Final = ("sysadminctl", "-guestAccount", "status")
_GUEST: Final = re.compile(r"sysadminctl\[[^\]\n]*\] Guest account (enabled|disabled)\.?\s*", re.IGNORECASE)


def directories(host: Host) -> Seen:
    """The nodes that logins are looked up in beside the Mac's own. Raises `Unseen`."""
    told = host.run(SEARCH)
    nodes = macos_plist.parse(told.stdout, told.source).get("dsAttrTypeStandard:CSPSearchPath")
    if not isinstance(nodes, list) or "/Local/Default" not in nodes:
        raise Unseen("malformed", told.source, "no search path")
    return Seen([str(one) for one in nodes if one != "/Local/Default"], told.source)


def guest(host: Host) -> Seen:
    """The switch, which sysadminctl tells on its standard error; a profile may turn it on by itself."""
    managed, sources = macos_plist.preferences(host, "com.apple.MCX")
    if macos_plist.flag(managed.get("EnableGuestAccount"), sources[0]):
        return Seen(True, *sources)
    told = host.run(GUEST)
    found = _GUEST.search(told.stderr.decode("utf-8", "replace") + told.text)
    if not found:
        raise Unseen("malformed", told.source, "not the words of sysadminctl")
    return Seen(found[1].lower() == "enabled", told.source)


def automatic_login(host: Host) -> Seen:
    """Whether somebody is logged in at the start, and no profile refuses that. Raises `Unseen`."""
    own = f"{macos_plist.OWN}/com.apple.loginwindow.plist"
    name = macos_plist.read(host, own).get("autoLoginUser", "")
    if not isinstance(name, str):
        raise Unseen("malformed", own, "autoLoginUser is no name")
    settings, sources = macos_plist.preferences(host, "com.apple.loginwindow")
    refused = macos_plist.flag(settings.get("com.apple.login.mcx.DisableAutoLoginClient"), sources[0])
    return Seen(bool(name) and not refused, *sources)
