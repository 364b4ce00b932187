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
    macos_plist,
    macos_switches,
    platform_sso,
    smart_cards,
    ssh_strength,
)
from collectors.readers.pam_factors import Strength

FACTS = {"login_paths.paths": linux.FACTS["login_paths.paths"]}
RULE: Final = ("security", "authorizationdb", "read", "system.login.console")
SSH: Final = "com.openssh.sshd"
SCREEN: Final = "com.apple.screensharing"
APPLES: Final = frozenset(
    "builtin loginwindow HomeDirMechanism PKINITMechanism MCXMechanism CryptoTokenKit PSSOAuthPlugin".split()
)
"""Plugins of macOS itself in the rule for its login window."""
_CARD, _PASSWORD = ("pin+smartcard",), ("password",)


def collect(host: Host) -> Findings:
    """One record for each way in."""
    findings = Findings()
    findings.look("login_paths.paths", _paths, host)
    return findings


def _paths(host: Host) -> Seen:
    host.run(RULE)  # no Mac without it
    records = [
        _record("graphical", False, True, _window, host),
        _record("ssh", True, _is_on(host, SSH), ssh_strength.strength, host),
        _record("screen-sharing", True, _is_on(host, SCREEN), _screen, host),
        _record("sudo", False, True, lambda one: login_strength.strength(one, "sudo", ("sudo",)), host),
        _record("su", False, True, lambda one: login_strength.strength(one, "su", ("su",)), host),
    ]
    return Seen(records, " ".join(RULE), "/etc/pam.d", " ".join(platform_sso.STATE))


def _window(host: Host) -> tuple[Strength, str]:
    demanded, sources = smart_cards.is_demanded(host)
    if demanded:
        if not smart_cards.is_in_use(host):
            return Strength(None, (), ()), f"{sources[-1]}: no card is paired or mapped"
        return _resistant(host, *smart_cards.exemptions(host)), sources[-1]
    demand, source = platform_sso.demand(host), " ".join(platform_sso.STATE)
    if demand and demand.method == platform_sso.CARD:
        return _resistant(host, *demand.bypasses), source
    foreign = sorted(_plugins(host) - APPLES)
    if foreign:
        return Strength(None, (), ()), f"{' '.join(RULE)}: {', '.join(foreign)}"
    if demand and demand.method not in platform_sso.ONE_FACTOR:
        return Strength(None, (), ()), f"{source}: {demand.method}"
    return Strength("none", _PASSWORD, ()), sources[-1]


def _resistant(host: Host, *bypasses: str) -> Strength:
    if macos_switches.automatic_login(host).value:
        bypasses = (*bypasses, "automatic login")
    return Strength("bypassable" if bypasses else "phishing_resistant", _CARD, bypasses)


def _screen(host: Host) -> tuple[Strength, str]:
    """It asks for an account's password, or one of its own; what it does where a card is demanded is not documented."""
    demanded, sources = smart_cards.is_demanded(host)
    return Strength(None if demanded else "none", () if demanded else _PASSWORD, ()), sources[-1]


def _plugins(host: Host) -> set[str]:
    told = host.run(RULE)
    mechanisms = macos_plist.parse(told.stdout, told.source).get("mechanisms")
    if not isinstance(mechanisms, list) or "loginwindow:done" not in mechanisms:
        raise Unseen("malformed", told.source, "no mechanisms of a login")
    return {str(one).partition(":")[0] for one in mechanisms}


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
