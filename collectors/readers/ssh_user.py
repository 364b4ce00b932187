"""Which ways in over SSH one user has: with the Match blocks, lists and keys that count for this user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from collectors.door import Host, Unseen
from collectors.readers import authorized_keys, ssh_strength, sshd_config, sshd_daemon, sshd_match, sshd_text
from collectors.readers.applicant import Applicant
from collectors.readers.pam import Way
from collectors.readers.sshd_config import Setting
from collectors.readers.sshd_text import Block, Line

_BY_KEY = frozenset({"publickey", "hostbased", "gssapi-with-mic"})
_OF_USER = frozenset({"all", "user", "group"})


def ways(host: Host, who: Applicant) -> set[Way]:
    """Every way in. What depends on where the user comes from is taken both ways. Raises `Unseen`."""
    told = sshd_daemon.configuration(host)
    if told.error:
        return set()
    path = told.source if told.source.startswith("/") else sshd_text.CONFIG
    lines = sshd_text.read(host, path)
    found: set[Way] = set()
    for elsewhere in (False, True):
        holds = _holds(who, elsewhere)
        if _allowed(lines, holds, who):
            settings = sshd_config.effective(lines, holds) if told.matched else told.settings
            found |= _ways(host, who, settings)
    return found


def _holds(who: Applicant, elsewhere: bool) -> Callable[[Block], bool]:
    """Whether a block is met; `elsewhere` answers for host, address and port."""
    connection = sshd_match.Connection(user=who.account.name, groups=tuple(sorted(who.groups)))

    def holds(block: Block) -> bool:
        known = tuple(one for one in block.criteria if one[0] in _OF_USER)
        open_question = len(known) < len(block.criteria)
        met = not known or sshd_match.meets(replace(block, criteria=known), connection)
        return met and (elsewhere or not open_question)

    return holds


def _allowed(lines: list[Line], holds: Callable[[Block], bool], who: Applicant) -> bool:
    """AllowUsers, DenyUsers, AllowGroups and DenyGroups; a pattern with a host may be met."""

    def named(keyword: str) -> list[str]:
        met = (one for one in lines if one.keyword == keyword and all(map(holds, one.guard)))
        return [pattern for line in met for pattern in line.arguments]

    def listed(patterns: list[str], names: set[str]) -> bool:
        return any(sshd_match.pattern_list(name, one.split("@")[0]) for name in names for one in patterns)

    user, groups = {who.account.name}, set(who.groups)
    if listed([one for one in named("denyusers") if "@" not in one], user) or listed(
        named("denygroups"), groups
    ):
        return False
    allowed_users, allowed_groups = named("allowusers"), named("allowgroups")
    return (not allowed_users or listed(allowed_users, user)) and (
        not allowed_groups or listed(allowed_groups, groups)
    )


def _ways(host: Host, who: Applicant, settings: Mapping[str, Setting]) -> set[Way]:
    lists = sshd_config.alternatives(settings)
    if who.account.uid == 0:
        word = settings["permitrootlogin"].value
        if word in ("no", "forced-commands-only"):
            return set()
        lists = [one for one in lists if word == "yes" or _BY_KEY.issuperset(one)]
    if not _has_key(host, who, settings):
        lists = [one for one in lists if "publickey" not in one]
    return ssh_strength.ways(host, settings, lists, who)


def _has_key(host: Host, who: Applicant, settings: Mapping[str, Setting]) -> bool:
    """Whether some key may open the account: where that cannot be seen, one may."""
    if any(settings[one].value != "none" for one in ("authorizedkeyscommand", "trustedusercakeys")):
        return True
    try:
        patterns = tuple(settings["authorizedkeysfile"].value.split())
        return authorized_keys.count(host, who.account, patterns) > 0
    except Unseen:
        return True
