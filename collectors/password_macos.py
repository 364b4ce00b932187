"""What is demanded of a new password of a Mac's own users, by the account policies in effect.

macOS turns a profile's rules (com.apple.mobiledevice.passwordpolicy) into such policies, so they are read there. It has
no rule against words of a dictionary. Passwords of a directory's users are the directory's.
"""

from __future__ import annotations

from collectors import password as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Seen
from collectors.readers import account_policies

FACTS = {
    name: linux.FACTS[name]
    for name in (
        "password.min_length",
        "password.min_classes",
        "password.dictionary_check",
        "password.history",
        "password.quality_enforced",
        "password.max_age_days",
        "password.min_age_days",
    )
}


def collect(host: Host) -> Findings:
    """The rules that hold for everybody."""
    findings = Findings()
    source = account_policies.source()
    findings.look("password.max_age_days", lambda: Seen(account_policies.max_age_days(host), source))
    try:
        content = account_policies.content(host)
    except Unseen as unseen:
        for name in FACTS.keys() - {"password.max_age_days"}:
            findings.unseen(name, unseen)
        return findings
    findings.fact("password.min_length", content.length, source)
    findings.fact("password.min_classes", content.kinds, source)
    findings.fact("password.dictionary_check", False, source)
    findings.fact("password.history", content.history, source)
    findings.fact("password.quality_enforced", content.length > 0, source)
    findings.fact("password.min_age_days", content.min_age_days, source)
    return findings
