"""What domain controllers are told to record: the advanced audit policy by subcategory, or the basic one by category.

Where the advanced one is forced (SCENoApplyLegacyAuditPolicy) it alone counts. Windows says itself that setting both
without has unexpected results: that is `unsupported`. What is said of single users is, too.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final

from collectors.audit_windows import NAMES
from collectors.door import Unseen
from collectors.door_directory import Directory
from collectors.readers import ad_group_policy, ad_links
from collectors.readers.ad_group_policy import REGISTRY, Settings
from collectors.readers.ad_objects import Account

SUCCESS, FAILURE = 1, 2
_TAIL: Final = "-69ae-11d9-bed3-505054503030"
SUBCATEGORIES: Final = {
    **NAMES,
    f"0cce923c{_TAIL}": "directory service changes",
    f"0cce9242{_TAIL}": "kerberos authentication service",
}
_CATEGORIES: Final = {
    "security state change": "auditsystemevents",
    "logon": "auditlogonevents",
    "account lockout": "auditlogonevents",
    "special logon": "auditlogonevents",
    "sensitive privilege use": "auditprivilegeuse",
    "process creation": "auditprocesstracking",
    "audit policy change": "auditpolicychange",
    "user account management": "auditaccountmanage",
    "security group management": "auditaccountmanage",
    "credential validation": "auditaccountlogon",
    "directory service changes": "auditdsaccess",
    "kerberos authentication service": "auditaccountlogon",
}


def recorded(door: Directory, guid: str) -> tuple[int, tuple[str, ...]]:
    """What every controller is told to record of a subcategory, and by which policies. `Unseen` where that is open."""
    found = [_of_one(door, one, guid) for one in ad_links.followers(door)]
    flags = SUCCESS | FAILURE
    for value, _ in found:
        flags &= value
    return flags, tuple(dict.fromkeys(source for _, source in found))


def all_recorded(
    door: Directory, wanted: Container[str] = frozenset(SUBCATEGORIES.values())
) -> tuple[Mapping[str, tuple[int, tuple[str, ...]]], Sequence[Unseen]]:
    """What is sure of these subcategories, by name, and why the others are open."""
    found, open_ones = {}, []
    for guid, name in SUBCATEGORIES.items():
        if name in wanted:
            try:
                found[name] = recorded(door, guid)
            except Unseen as unseen:
                open_ones.append(unseen)
    return found, open_ones


def _of_one(door: Directory, controller: Account, guid: str) -> tuple[int, str]:
    name = SUBCATEGORIES[guid]
    forced, _ = ad_group_policy.holding(door, controller, _forced, "SCENoApplyLegacyAuditPolicy")
    said = []
    for step in ad_group_policy.steps(door, controller):
        if isinstance(step.settings, Unseen):  # it could be the one that sets both
            raise step.settings
        if step.settings is not None:
            said.append(step.settings)
    if any(one.names_users for one in said):
        raise Unseen("unsupported", name, "the audit policy says another thing of some users")
    advanced, basic = any(one.advanced for one in said), any(one.basic for one in said)
    if advanced and basic and forced != 1:
        raise Unseen("unsupported", name, "the basic and the advanced audit policy are both set")
    if advanced or forced == 1:
        value, source = ad_group_policy.holding(door, controller, lambda one: one.advanced.get(guid), name)
    else:
        category = _CATEGORIES[name]
        value, source = ad_group_policy.holding(door, controller, lambda one: one.basic.get(category), name)
    if value is None:
        raise Unseen("not_found", name, "no policy sets it; the controller's own value is not seen")
    return value, source


def _forced(settings: Settings) -> int | None:
    name = REGISTRY["force_advanced"]
    value = settings.registry.get(name)
    return value if value is not None else -1 if name in settings.registry else None
