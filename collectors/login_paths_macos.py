"""The ways into a Mac, and whether each proves two factors: login window, SSH, screen sharing; then sudo and su.

The login window proves two where a smart card is demanded of everybody, or where Platform SSO demands one. Unlocking a
screen is no login, and Touch ID is one factor beside a password that does as well. Where the login runs a program of
others (an authorization plugin), the strength is null: what that asks for is in its own settings. SSH, sudo and su are
walked through PAM as on Linux.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from collectors import login_paths as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Json, Seen
from collectors.readers import (
    launchd,
    login_strength,
    login_window,
    macos_logins,
    platform_sso,
    smart_cards,
    ssh_strength,
)
from collectors.readers.once import once
from collectors.readers.pam_factors import Strength

FACTS = dict(linux.FACTS)
SSH: Final = "com.openssh.sshd"
SCREEN: Final = "com.apple.screensharing"


def collect(host: Host) -> Findings:
    """One record for each way in, and for each user."""
    findings = Findings()
    findings.look("login_paths.paths", _paths, host)
    findings.look("login_paths.users", macos_logins.records, host, _is_on(host, SSH), _is_on(host, SCREEN))
    return findings


def _paths(host: Host) -> Seen:
    host.run(login_window.RULE)  # no Mac without it
    records = [
        _record("graphical", False, True, _graphical, host),
        _record("ssh", True, _is_on(host, SSH), lambda one: once(one, ssh_strength.strength), host),
        _record("screen-sharing", True, _is_on(host, SCREEN), _screen, host),
        _record("sudo", False, True, lambda one: login_strength.strength(one, "sudo", ("sudo",)), host),
        _record("su", False, True, lambda one: login_strength.strength(one, "su", ("su",)), host),
    ]
    return Seen(records, " ".join(login_window.RULE), "/etc/pam.d", " ".join(platform_sso.STATE))


def _graphical(host: Host) -> tuple[Strength, str]:
    found = login_window.window(host)
    return found.strength, found.source


def _screen(host: Host) -> tuple[Strength, str]:
    """It asks for an account's password, or one of its own; what it does where a card is demanded is not documented."""
    demanded, sources = smart_cards.is_demanded(host)
    return Strength(None if demanded else "none", () if demanded else login_window.PASSWORD, ()), sources[-1]


def _is_on(host: Host, label: str) -> bool | None:
    try:
        return launchd.is_on(host, label)[0]
    except Unseen:
        return None


def _record(
    path: str, remote: bool, is_open: bool | None, look: Callable[[Host], tuple[Strength, str]], host: Host
) -> Json:
    try:
        found, source = look(host)
    except Unseen as unseen:
        found, source = Strength(None, (), ()), f"{unseen.source}: {unseen.reason}"
    return {
        "path": path,
        "remote": remote,
        "open": is_open,
        "strength": found.word,
        "factors": [*found.factors],
        "bypasses": [*found.bypasses],
        "source": source,
    }
