"""Whether a Mac demands a smart card at the login window, and whom it lets in without one.

SmartCardServices(7) and the macOS Security Compliance Project name the exemptions: a group (allowUnmappedUsers with
NotEnforcedGroup), single users (SmartCardEnforcement 2), and on Intel the password that FileVault asks for before macOS
starts and passes on. A card that is told by a name in its certificate is worth what the check of that certificate is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from collectors.door import Host, Unseen
from collectors.readers import macos_directory, macos_plist

DOMAIN: Final = "com.apple.security.smartcard"
MAPPING: Final = "/private/etc/SmartcardLogin.plist"
MACHINE: Final = ("uname", "-m")
DISKS: Final = ("fdesetup", "status")
_CHECKED: Final = (1, 2, 3)


@dataclass(frozen=True)
class Exemption:
    """What lets people past a demand, and whom: None is everybody, or, where that is not sure, nobody knows."""

    note: str
    names: frozenset[str] | None = None
    sure: bool = True


def is_demanded(host: Host) -> tuple[bool, tuple[str, ...]]:
    """Whether nobody is to log in without a card, and where that stands. Raises `Unseen`."""
    settings, sources = macos_plist.preferences(host, DOMAIN)
    enforced = macos_plist.flag(settings.get("enforceSmartCard"), sources[0])
    allowed = macos_plist.flag(settings.get("allowSmartCard"), sources[0])
    return enforced is True and allowed is not False, sources


def is_in_use(host: Host) -> bool:
    """Whether a card is paired with somebody, or certificates are mapped to users. Raises `Unseen`."""
    return bool(_mapping(host).get("AttributeMapping")) or any(
        one.has_card for one in macos_directory.users(host)
    )


def exemptions(host: Host) -> list[Exemption]:
    """Who gets in without a card although one is demanded. Raises `Unseen`."""
    settings, sources = macos_plist.preferences(host, DOMAIN)
    mapping, everyone = _mapping(host), macos_directory.users(host)
    found = []
    if settings.get("allowUnmappedUsers") in (1, True):
        group = mapping.get("NotEnforcedGroup")
        if isinstance(group, str) and group:
            inside = macos_directory.members(host, group)
            found.append(Exemption(f"NotEnforcedGroup {group} ({MAPPING})", inside, inside is not None))
        else:
            without = frozenset(one.name for one in everyone if not one.has_card)
            found.append(Exemption(f"allowUnmappedUsers ({sources[-1]})", without))
    found += [
        Exemption(f"SmartCardEnforcement 2 of {one.name}", frozenset({one.name}))
        for one in everyone
        if one.card_enforcement == "2"
    ]
    if mapping.get("AttributeMapping") and settings.get("checkCertificateTrust") not in _CHECKED:
        found.append(Exemption(f"certificates are not checked (checkCertificateTrust in {sources[-1]})"))
    if _passes_a_password_on(host):
        found.append(Exemption("FileVault passes its password on (DisableFDEAutoLogin)"))
    return found


def _passes_a_password_on(host: Host) -> bool:
    """Intel's firmware knows no cards: what unlocks the disk there also logs in, unless that is switched off."""
    if host.run(MACHINE).text.strip() == "arm64" or host.run(DISKS).text.strip() == "FileVault is Off.":
        return False
    settings, sources = macos_plist.preferences(host, "com.apple.loginwindow")
    return macos_plist.flag(settings.get("DisableFDEAutoLogin"), sources[0]) is not True


def _mapping(host: Host) -> dict[str, Any]:
    try:
        return macos_plist.read(host, MAPPING)
    except Unseen as unseen:
        if unseen.reason == "not_found":
            return {}
        raise
