"""Rules for passwords of local accounts: what the accounts' database enforces, not what a policy file says.

Ages, length and history come from the network management API as numbers. Complexity is told by the exported policy
alone. On a member of a domain the domain's rules, not these, bind its users; on a domain controller these are them.
Windows itself refuses no common password: a filter of another maker may, which lsass loads, and then nobody tells.
"""

from __future__ import annotations

from collectors import password as linux
from collectors.door import Unseen
from collectors.door_windows import FOREVER, Windows, value
from collectors.findings import Fact, Findings, Seen
from collectors.readers import secedit

FACTS = {
    name: linux.FACTS[name]
    for name in (
        "password.min_length",
        "password.min_classes",
        "password.quality_enforced",
        "password.dictionary_check",
        "password.history",
        "password.max_age_days",
        "password.min_age_days",
    )
} | {
    "password.reversible_encryption": Fact(
        "bool", "some policy in force keeps passwords so that they can be read"
    ),
}
LSA, FILTERS = r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa", "Notification Packages"
OF_WINDOWS = {"scecli", "rassfm", "kdcsvc"}
"""Packages that are told of a new password and refuse none for being common."""
API = "NetUserModalsGet(0)"
DAY = 86_400
NEVER = 99_999
CLASSES_OF_COMPLEX = 3
"""A complex password has three of five kinds: capitals, small letters, digits, signs, other letters."""


def collect(host: Windows) -> Findings:
    """The rules in effect."""
    findings = Findings()
    findings.look("password.min_length", lambda: Seen(host.password_rules().min_length, API))
    findings.look("password.history", lambda: Seen(host.password_rules().history, API))
    findings.look("password.max_age_days", lambda: Seen(_days(host.password_rules().max_age_seconds), API))
    findings.look("password.min_age_days", lambda: Seen(_days(host.password_rules().min_age_seconds), API))
    findings.look("password.min_classes", _min_classes, host)
    findings.look("password.quality_enforced", _enforced, host)
    findings.look("password.dictionary_check", _dictionary_check, host)
    findings.look("password.reversible_encryption", _reversible, host)
    return findings


def _enforced(host: Windows) -> Seen:
    """Always: the accounts' database itself refuses what breaks the rules, whatever program sets a password."""
    host.password_rules()
    return Seen(True, API)


def _dictionary_check(host: Windows) -> Seen:
    told = value(host, LSA, FILTERS)
    if not isinstance(told, tuple) or not told:  # Windows comes with scecli
        raise Unseen("malformed", f"{LSA}\\{FILTERS}", "no package")
    others = {one.lower().removesuffix(".dll") for one in told if one.strip()} - OF_WINDOWS
    if others:
        raise Unseen("unsupported", f"{LSA}\\{FILTERS}", f"{min(others)[:40]} may refuse passwords")
    return Seen(False, f"{LSA}\\{FILTERS}")


def _days(seconds: int) -> int:
    return NEVER if seconds == FOREVER else seconds // DAY


def _min_classes(host: Windows) -> Seen:
    complex_ = secedit.access(host, "PasswordComplexity") == 1
    return Seen(CLASSES_OF_COMPLEX if complex_ else 0, secedit.SOURCE)


def _reversible(host: Windows) -> Seen:
    return Seen(secedit.access(host, "ClearTextPassword") != 0, secedit.SOURCE)
