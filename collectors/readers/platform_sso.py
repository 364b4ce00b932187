"""Platform SSO of macOS, as `app-sso platform -s` shows it: whether a login must go through the identity provider.

Only the policy RequireAuthentication demands that; any word beside it (a grace period, a fallback) lets somebody past,
and so do the accounts that are named as exempt. What is proven then depends on the method: a password is one factor,
and a key of the Secure Enclave is behind the Mac's own password. A smart card with its PIN is two.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from collectors.door import Host, Unseen
from collectors.readers.smart_cards import Exemption

STATE: Final = ("app-sso", "platform", "-s")
_DEVICE: Final = re.compile(r"^Device Configuration:\s*(.*?)^Login Configuration:", re.DOTALL | re.MULTILINE)
_NUMBERED: Final = re.compile(r"(.*) \([0-9]+\)")
REQUIRED: Final = "RequireAuthentication"
CARD: Final = "POLoginTypeSmartCard"
ONE_FACTOR: Final = frozenset({"POLoginTypePassword", "POLoginTypeUserSecureEnclaveKey"})


@dataclass(frozen=True)
class Demand:
    """The method that a login must use, and what lets somebody past it."""

    method: str
    exemptions: tuple[Exemption, ...]


def demand(host: Host) -> Demand | None:
    """What Platform SSO demands of logins; None where it demands nothing. Raises `Unseen`."""
    try:
        told = host.run(STATE)
    except Unseen as unseen:
        if unseen.reason == "tool_missing":  # before macOS 13
            return None
        raise
    found = _DEVICE.search(told.text)
    if not found:
        raise Unseen("malformed", told.source, "not the words of app-sso")
    if found[1].strip() == "(null)":
        return None
    settings = _settings(found[1], told.source)
    policy = _words(settings.get("loginPolicy", "None (0)"), told.source)
    if REQUIRED not in policy or settings.get("registrationCompleted") is not True:
        return None
    method = _words(settings.get("loginType"), told.source)
    exempt = settings.get("nonPlatformSSOAccounts") or []
    if not isinstance(exempt, list):
        raise Unseen("malformed", told.source, "no list of accounts")
    past = [word for word in policy if word not in (REQUIRED, "AttemptAuthentication")]
    exemptions = [Exemption(f"loginPolicy {word}") for word in past]
    exemptions += [
        Exemption(f"exempt account {name}", frozenset({name})) for name in exempt if isinstance(name, str)
    ]
    return Demand(", ".join(method), tuple(exemptions))


def _settings(text: str, source: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Unseen("malformed", source, "a device configuration of another shape") from None
    if not isinstance(found, dict):
        raise Unseen("malformed", source, "a device configuration of another shape")
    return found


def _words(value: Any, source: str) -> list[str]:
    """The words of `RequireAuthentication, AllowOfflineGracePeriod (6)`."""
    found = _NUMBERED.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Unseen("malformed", source, "a policy without its number")
    return [word.strip() for word in found[1].split(",")]
