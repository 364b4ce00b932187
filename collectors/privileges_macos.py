"""What sudo of a Mac runs without asking for a password: /etc/sudoers and what it includes, which root alone may read.

Users and groups are those of Open Directory and not of /etc/group, so whom a later rule overrules is not worked out:
every rule without a password counts, and one that a later rule makes void is told too.
"""

from __future__ import annotations

from collectors import privileges as linux
from collectors.door import Host, Unseen
from collectors.findings import Findings, Json, Seen
from collectors.readers import sudo_grants, sudoers

FACTS = {name: linux.FACTS[name] for name in ("privileges.nopasswd_rules", "privileges.no_authenticate")}


def collect(host: Host) -> Findings:
    """Rules without a password; defaults that switch it off."""
    findings = Findings()
    findings.look("privileges.nopasswd_rules", _nopasswd_rules, host)
    findings.look("privileges.no_authenticate", _no_authenticate, host)
    return findings


def _there(host: Host) -> None:
    """Every Mac has the file: one that is not there was not looked at where it should have been."""
    if not host.exists(sudoers.PATHS[0]):
        raise Unseen("not_found", sudoers.PATHS[0])


def _nopasswd_rules(host: Host) -> Seen:
    _there(host)
    lines: dict[str, list[sudo_grants.Grant]] = {}
    for one in sudo_grants.grants(sudoers.parse(host), None):
        if one.outcome == sudo_grants.ALLOWED_FREE and set(one.users) != {"root"}:
            lines.setdefault(one.rule.source, []).append(one)
    found: list[Json] = [
        {
            "who": ", ".join(grants[0].users),
            "commands": ", ".join(dict.fromkeys(one.command for one in grants)),
            "source": source,
        }
        for source, grants in lines.items()
    ]
    return Seen(found, sudoers.PATHS[0])


def _no_authenticate(host: Host) -> Seen:
    _there(host)
    return linux.no_authenticate(host)
