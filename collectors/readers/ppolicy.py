"""Password policies of OpenLDAP: the overlay ppolicy (slapo-ppolicy(5)), draft-behera-ldap-password-policy.

A policy binds only where the overlay is loaded; which one is everybody's stands in the server's configuration,
which most accounts may not read: then nothing is known of those who have no policy of their own. Entries name
their own in pwdPolicySubentry. Whoever the configuration calls rootdn is bound by none.
"""

from __future__ import annotations

from typing import Final, NamedTuple, cast

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, entry, needed

_CONTROL: Final = b"1.3.6.1.4.1.42.2.27.8.5.1"
_ASKED: Final = (
    "pwdAttribute pwdMinLength pwdCheckQuality pwdInHistory pwdMaxAge pwdMinAge pwdLockout pwdMaxFailure"
    " pwdLockoutDuration pwdFailureCountInterval"
).split()


class Policy(NamedTuple):
    """One policy; a setting that is not there has the overlay's default."""

    source: str
    min_length: int
    quality: int
    history: int
    max_age_seconds: int
    min_age_seconds: int
    max_failures: int
    lock_seconds: int
    window_seconds: int


def in_force(door: Directory) -> tuple[Policy, ...]:
    """The policy for everybody, and each that an entry names for itself."""
    if "ppolicy" not in door.cache:
        if _CONTROL not in door.root.values("supportedControl"):
            raise Unseen("not_found", "supportedControl of the root DSE", "the overlay ppolicy is not loaded")
        names = [_default(door), *_own(door)]
        door.cache["ppolicy"] = tuple(_policy(entry(door, name, _ASKED)) for name in dict.fromkeys(names))
    return cast("tuple[Policy, ...]", door.cache["ppolicy"])


def _default(door: Directory) -> str:
    """The policy that the configuration names for the tree that is looked at."""
    (configuration,) = door.root.texts("configContext") or ("cn=config",)
    asked = ["olcSuffix", "olcPPolicyDefault"]
    try:
        databases = door.search(configuration, "(olcSuffix=*)", asked)
        overlays = door.search(configuration, "(objectClass=olcPPolicyConfig)", asked)
    except Unseen as unseen:
        reason = "permission_denied" if unseen.reason == "not_found" else unseen.reason
        raise Unseen(reason, configuration, "whose policy is everybody's stands there") from None
    for database in databases:
        if door.base.lower() in (suffix.lower() for suffix in database.texts("olcSuffix")):
            for overlay in overlays:
                default = overlay.text("olcPPolicyDefault")
                if overlay.dn.lower().endswith("," + database.dn.lower()) and default:
                    return default
            raise Unseen("not_found", f"olcPPolicyDefault of {database.dn}", "no policy is everybody's")
    raise Unseen("permission_denied", configuration, f"the database of {door.base} does not show")


def _own(door: Directory) -> list[str]:
    found = door.search(door.base, "(pwdPolicySubentry=*)", ["pwdPolicySubentry"])
    return [name for one in found for name in one.texts("pwdPolicySubentry")]


def _policy(found: Entry) -> Policy:
    needed(found, "pwdAttribute")  # every policy has it: where it does not show, nothing of the policy does
    numbers = {name: found.number(name) or 0 for name in _ASKED if name not in ("pwdAttribute", "pwdLockout")}
    locks = found.truth("pwdLockout") is True
    return Policy(
        f"policy {found.dn}",
        numbers["pwdMinLength"],
        numbers["pwdCheckQuality"],
        numbers["pwdInHistory"],
        numbers["pwdMaxAge"],
        numbers["pwdMinAge"],
        numbers["pwdMaxFailure"] if locks else 0,
        numbers["pwdLockoutDuration"],
        numbers["pwdFailureCountInterval"],
    )
