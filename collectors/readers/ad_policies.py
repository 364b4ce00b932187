"""Which password policy holds for whom in an Active Directory domain.

The domain has one; fine-grained ones (PSOs) go over it as a whole, for users and for members of global
security groups, nested ones too. One that names the user goes before those of groups; of several the lowest
precedence wins, then the lowest GUID ([MS-ADTS] 3.1.1.4.5.36, msDS-ResultantPSO). That attribute itself is not
asked: who may not read it sees nothing, as if there were none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from collectors.door import Unseen
from collectors.door_directory import Directory, Entry, needed
from collectors.readers import ad_objects, ad_rights
from collectors.readers import ad_values as values

_COMPLEX, _LOCKS_ADMINISTRATOR, _REVERSIBLE = 0x1, 0x8, 0x10
_CLASSES: Final = 3
"""Complexity asks for three kinds of characters of five."""
_DAY: Final = 86400
_NUMBERS: Final = (
    "msDS-PasswordSettingsPrecedence msDS-MinimumPasswordLength msDS-PasswordHistoryLength msDS-LockoutThreshold"
).split()
_SPANS: Final = (
    "msDS-MaximumPasswordAge msDS-MinimumPasswordAge msDS-LockoutObservationWindow msDS-LockoutDuration"
).split()
_TRUTHS: Final = ("msDS-PasswordComplexityEnabled", "msDS-PasswordReversibleEncryptionEnabled")


class Policy(NamedTuple):
    """One policy. Spans without end are None; `targets` are names of entries in lower case."""

    name: str
    source: str
    precedence: int
    guid: bytes
    targets: tuple[str, ...]
    min_length: int
    history: int
    max_age_seconds: int | None
    min_age_seconds: int
    complexity: bool
    reversible: bool
    lockout_threshold: int
    lockout_window_seconds: int
    lockout_seconds: int | None

    @property
    def max_age_days(self) -> int:
        """Days until a password expires; 99999 is never."""
        never = not self.max_age_seconds
        return values.NEVER_DAYS if never else -(-(self.max_age_seconds or 0) // _DAY)

    @property
    def min_age_days(self) -> int:
        """Whole days before a password may be changed."""
        return self.min_age_seconds // _DAY

    @property
    def min_classes(self) -> int:
        """How many kinds of characters it asks for."""
        return _CLASSES if self.complexity else 0

    @property
    def unlock_seconds(self) -> int:
        """After how long a lock ends; 0 is by an administrator."""
        return self.lockout_seconds or 0


def of_domain(door: Directory) -> Policy:
    """The domain's own policy. `permission_denied` where any of it does not show."""
    head = ad_objects.head(door)
    needed(head, "minPwdLength", "pwdHistoryLength", "pwdProperties", "lockoutThreshold")
    properties = head.number("pwdProperties") or 0
    return Policy(
        "", f"policy of {door.base}", 0, b"", (),
        head.number("minPwdLength") or 0, head.number("pwdHistoryLength") or 0,
        values.seconds(head, "maxPwdAge"), values.seconds(head, "minPwdAge") or 0,
        bool(properties & _COMPLEX), bool(properties & _REVERSIBLE),
        head.number("lockoutThreshold") or 0,
        values.seconds(head, "lockOutObservationWindow") or 0, values.seconds(head, "lockoutDuration"),
    )  # fmt: skip


def locks_administrator(door: Directory) -> bool:
    """Whether wrong passwords lock the built-in administrator too."""
    head = ad_objects.head(door)
    needed(head, "pwdProperties")
    return bool((head.number("pwdProperties") or 0) & _LOCKS_ADMINISTRATOR)


def fine_grained(door: Directory) -> tuple[Policy, ...]:
    """Every fine-grained policy, strongest claim first.

    `permission_denied` unless it is proven that none is hidden from who asks.
    """
    if "ad.policies" not in door.cache:
        container = f"CN=Password Settings Container,CN=System,{door.base}"
        ad_rights.list_is_whole(door, container)
        asked = ["cn", "objectGUID", "msDS-PSOAppliesTo", *_NUMBERS, *_SPANS, *_TRUTHS]
        found = [
            _policy(one)
            for one in door.search(container, "(objectClass=msDS-PasswordSettings)", asked, "one")
        ]
        door.cache["ad.policies"] = tuple(sorted(found, key=_claim))
    return cast("tuple[Policy, ...]", door.cache["ad.policies"])


def _policy(one: Entry) -> Policy:
    needed(one, "cn", "objectGUID", *_NUMBERS, *_SPANS, *_TRUTHS)
    precedence, length, history, threshold = (one.number(name) or 0 for name in _NUMBERS)
    oldest, youngest, window, lockout = (values.seconds(one, name) for name in _SPANS)
    complexity, reversible = (one.truth(name) is True for name in _TRUTHS)
    return Policy(
        one.text("cn") or "", f"policy {one.dn}", precedence, one.one("objectGUID") or b"",
        tuple(name.lower() for name in one.texts("msDS-PSOAppliesTo")),
        length, history, oldest, youngest or 0, complexity, reversible, threshold, window or 0, lockout,
    )  # fmt: skip


def _claim(one: Policy) -> tuple[int, bytes]:
    """What decides between two: GUIDs are compared as the server keeps them, byte by byte."""
    return one.precedence, one.guid


def by_person(door: Directory, any_group: bool) -> Mapping[str, Policy]:
    """The policy of each person's account, switched off ones too, by the name of the entry in lower case.

    Windows heeds the members of global security groups alone, Samba those of every group (`any_group`).
    """
    policies, domain = fine_grained(door), of_domain(door)
    people = {one.dn.lower() for one in ad_objects.accounts(door) if one.kind == "person"}
    held = dict.fromkeys(people, domain)
    for policy in reversed(policies):  # the strongest claim is laid on last
        for target in policy.targets:
            held |= dict.fromkeys(people & _members(door, target, any_group), policy)
    for policy in reversed(policies):
        held |= dict.fromkeys(people & {*policy.targets}, policy)
    return held


def _members(door: Directory, target: str, any_group: bool) -> set[str]:
    group = ad_objects.groups(door).get(target)
    if group is None or not (any_group or group.is_global_security):
        return set()
    return {name for name, _ in ad_objects.members(door, group)}


def in_force(door: Directory) -> tuple[Policy, ...]:
    """The policies that hold for at least one account of a person that is not switched off.

    Where it is not sure whom a policy holds for, those of either reading: the weakest of them is told.
    """
    if "ad.in_force" not in door.cache:
        readings = [by_person(door, any_group) for any_group in (False, True)]
        enabled = [
            one.dn.lower() for one in ad_objects.accounts(door) if one.enabled and one.kind == "person"
        ]
        found = dict.fromkeys(held[name] for held in readings for name in enabled)
        if not found:
            raise Unseen("not_found", f"accounts of {door.base}", "none is enabled")
        door.cache["ad.in_force"] = tuple(found)
    return cast("tuple[Policy, ...]", door.cache["ad.in_force"])
