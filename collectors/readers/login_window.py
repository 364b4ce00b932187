"""The login window of a Mac: what it demands of somebody who logs in, and who gets past that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collectors.door import Host, Unseen
from collectors.readers import macos_plist, macos_switches, platform_sso, smart_cards
from collectors.readers.once import once
from collectors.readers.pam_factors import Strength
from collectors.readers.smart_cards import Exemption

RULE: Final = ("security", "authorizationdb", "read", "system.login.console")
APPLES: Final = frozenset(
    "builtin loginwindow HomeDirMechanism PKINITMechanism MCXMechanism CryptoTokenKit PSSOAuthPlugin".split()
)
"""Plugins of macOS itself in the rule for its login window."""
PASSWORD: Final = ("password",)
_CARD: Final = ("pin+smartcard",)


@dataclass(frozen=True)
class Window:
    """How strong it is, where that stands, and who gets past it."""

    strength: Strength
    source: str
    exemptions: tuple[Exemption, ...] = ()


def window(host: Host) -> Window:
    """What the login window demands, looked up once per scan. Raises `Unseen`."""
    return once(host, _window)


def _window(host: Host) -> Window:
    demanded, sources = smart_cards.is_demanded(host)
    if demanded:
        if not smart_cards.is_in_use(host):
            return _unknown(f"{sources[-1]}: no card is paired or mapped")
        return _resistant(host, sources[-1], smart_cards.exemptions(host))
    demand, source = platform_sso.demand(host), " ".join(platform_sso.STATE)
    if demand and demand.method == platform_sso.CARD:
        return _resistant(host, source, [*demand.exemptions])
    foreign = sorted(_plugins(host) - APPLES)
    if foreign:
        return _unknown(f"{' '.join(RULE)}: {', '.join(foreign)}")
    if demand and demand.method not in platform_sso.ONE_FACTOR:
        return _unknown(f"{source}: {demand.method}")
    return Window(Strength("none", PASSWORD, ()), sources[-1])


def _unknown(source: str) -> Window:
    return Window(Strength(None, (), ()), source)


def _resistant(host: Host, source: str, exemptions: list[Exemption]) -> Window:
    if macos_switches.automatic_login(host).value:
        exemptions = [*exemptions, Exemption("automatic login")]
    word = "bypassable" if exemptions else "phishing_resistant"
    return Window(Strength(word, _CARD, tuple(one.note for one in exemptions)), source, tuple(exemptions))


def _plugins(host: Host) -> set[str]:
    told = host.run(RULE)
    mechanisms = macos_plist.parse(told.stdout, told.source).get("mechanisms")
    if not isinstance(mechanisms, list) or "loginwindow:done" not in mechanisms:
        raise Unseen("malformed", told.source, "no mechanisms of a login")
    return {str(one).partition(":")[0] for one in mechanisms}
