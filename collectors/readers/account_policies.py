"""Account policies of macOS, as pwpolicy(8) prints them: rules in Apple's predicate language, by category.

All rules of a category hold together: a new password must meet each of "password content", a login each of
"authentication", and any of "password change" asks for a new one. The forms that profiles, pwpolicy and the macOS
Security Compliance Project write are understood; another form leaves the facts that it might tighten `unsupported`.
A user's own policies stand beside the global ones. Whether they add to them or take their place is not documented:
so they must be at least as strict, else the fact is `unsupported` as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from collectors.door import Host, Unseen
from collectors.readers import macos_directory, macos_plist, password_patterns
from collectors.readers.passwd import NEVER_DAYS

T = TypeVar("T")
GLOBAL: Final = ("pwpolicy", "-getaccountpolicies")
AUTHENTICATION: Final = "policyCategoryAuthentication"
CHANGE: Final = "policyCategoryPasswordChange"
CONTENT: Final = "policyCategoryPasswordContent"
USERS_MAX: Final = 20
_BANNER: Final = re.compile(rb"Getting (?:global account policies|account policies for user <[^\n]*>)\s*")
_DAY: Final = 86_400
_TEXT_MAX: Final = 2_000
_HARMLESS: Final = re.compile(r"ProfilePayload:[^:]+:(?:allowSimple|forcePIN)")
"""A profile's rules against sequences of characters: they set neither length nor kinds of characters."""

_EXPIRY: Final = re.compile(
    r"policyAttributeCurrentTime>\(?policyAttributeLastPasswordChangeTime\+\(?(\w+(?:\*\w+)*)\)?\)?"
)
_LIFETIME: Final = re.compile(
    r"policyAttributeLastPasswordChangeTime<\(?policyAttributeCurrentTime-\(?(\w+(?:\*\w+)*)\)?\)?"
)
_INACTIVE: Final = re.compile(
    r"policyAttributeLastAuthenticationTime>\(?policyAttributeCurrentTime-\(?(\w+(?:\*\w+)*)\)?\)?"
)
_FAILED: Final = r"\(?policyAttributeFailedAuthentications<(\w+)\)?"
_WAITED: Final = (
    r"\(?policyAttributeCurrentTime>\(?policyAttributeLastFailedAuthenticationTime\+(\w+(?:\*\w+)*)\)?\)?"
)
_LOCK: Final = re.compile(rf"{_FAILED}(?:(?:OR|\|\|){_WAITED})?", re.IGNORECASE)
_HISTORY: Final = re.compile(
    r"nonepolicyAttributePasswordHashesinpolicyAttributePasswordHistory", re.IGNORECASE
)


@dataclass(frozen=True)
class Rule:
    """One rule: its predicate without blanks, its identifier, and the numbers that it names."""

    content: str
    text: str
    identifier: str
    numbers: Mapping[str, int]


@dataclass(frozen=True)
class Content:
    """What a new password must have. `kinds` is how many kinds of characters at least."""

    length: int
    kinds: int
    history: int
    min_age_days: int


@dataclass(frozen=True)
class Lock:
    """When wrong passwords lock: 0 attempts is never, 0 seconds until an administrator unlocks."""

    threshold: int
    unlock_seconds: int


Policies = Mapping[str, tuple[Rule, ...]]


def content(host: Host) -> Content:
    """What is demanded of every user's new password. Raises `Unseen`."""
    return _of_all(host, _content, _demands_as_much)


def max_age_days(host: Host) -> int:
    """Days until a password must be changed; NEVER_DAYS without such a rule. Raises `Unseen`."""
    return _of_all(host, _max_age_days, lambda own, all_: own <= all_)


def lock(host: Host) -> Lock:
    """The lock of every user. Raises `Unseen`."""
    return _of_all(host, _lock, _locks_as_soon)


def source() -> str:
    """Where it was read."""
    return " ".join(GLOBAL)


def _of_all(host: Host, told: Callable[[Policies], T], is_as_strict: Callable[[T, T], bool]) -> T:
    whole = told(_read(host, GLOBAL))
    for name, own in _of_users(host):
        if not is_as_strict(told(own), whole):
            raise Unseen("unsupported", f"pwpolicy -u {name} -getaccountpolicies", "policies of its own")
    return whole


def _demands_as_much(own: Content, all_: Content) -> bool:
    pairs = ((own.length, all_.length), (own.kinds, all_.kinds), (own.history, all_.history))
    return all(one >= other for one, other in (*pairs, (own.min_age_days, all_.min_age_days)))


def _locks_as_soon(own: Lock, all_: Lock) -> bool:
    if not all_.threshold:
        return True
    waits = not own.unlock_seconds or 0 < all_.unlock_seconds <= own.unlock_seconds
    return 0 < own.threshold <= all_.threshold and waits


def _of_users(host: Host) -> list[tuple[str, Policies]]:
    """The policies of those local users who have their own."""
    names = [one.name for one in macos_directory.people(host) if one.state == "set"]
    if any(name.startswith("-") for name in names):
        raise Unseen("malformed", source(), "a user whose name pwpolicy would take for an option")
    if len(names) > USERS_MAX:
        raise Unseen("too_large", source(), f"{len(names)} users may have policies of their own")
    found = ((name, _read(host, ("pwpolicy", "-u", name, "-getaccountpolicies"))) for name in names)
    return [(name, own) for name, own in found if own]


def _read(host: Host, argv: tuple[str, ...]) -> Policies:
    """The rules by category; of a user, nothing where pwpolicy names none behind its first line."""
    told = host.run(argv)
    banner = _BANNER.match(told.stdout)
    rest = told.stdout[banner.end() :] if banner else b""
    if not banner or (argv == GLOBAL and not rest.strip()):
        raise Unseen("malformed", told.source, "not the words of pwpolicy")
    if not rest.strip():
        return {}
    found = macos_plist.parse(rest, told.source)
    if unknown := found.keys() - {AUTHENTICATION, CHANGE, CONTENT}:
        raise Unseen("unsupported", told.source, f"category {min(map(str, unknown))}")
    return {name: tuple(_rules(value, told.source)) for name, value in found.items()}


def _rules(value: Any, where: str) -> Iterable[Rule]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Unseen("malformed", where, "no list of policies")
    for one in value:
        text, parameters = one.get("policyContent"), one.get("policyParameters", {})
        if not isinstance(text, str) or len(text) > _TEXT_MAX or not isinstance(parameters, dict):
            raise Unseen("malformed", where, "a policy without content, or with too much")
        numbers = {name: one for name, one in parameters.items() if type(one) is int}
        yield Rule("".join(text.split()), text, str(one.get("policyIdentifier", "")), numbers)


def _number(rule: Rule, product: str) -> int:
    """`policyAttributeExpiresEveryNDays*24*60*60`, with the rule's own numbers for names."""
    total = 1
    for word in product.split("*"):
        if not word.isascii() or not (word.isdecimal() or word in rule.numbers):
            raise _unknown(rule)
        total *= int(word) if word.isdecimal() else rule.numbers[word]
    if not 0 <= total < 2**53:
        raise _unknown(rule)
    return total


def _unknown(rule: Rule) -> Unseen:
    return Unseen("unsupported", source(), f"a rule of another form: {rule.identifier or rule.text}"[:200])


def _content(policies: Policies) -> Content:
    demands: list[password_patterns.Demand] = []
    history = min_age = 0
    for rule in policies.get(CONTENT, ()):
        if _HARMLESS.fullmatch(rule.identifier):
            continue
        if _HISTORY.fullmatch(rule.content):
            history = max(history, _number(rule, "policyAttributePasswordHistoryDepth"))
        elif lifetime := _LIFETIME.fullmatch(rule.content):
            min_age = max(min_age, _number(rule, lifetime[1]) // _DAY)
        elif (found := password_patterns.demands(rule.text)) is not None:
            demands += found
        else:
            raise _unknown(rule)
    return Content(
        max((one.length for one in demands), default=0), password_patterns.kinds(demands), history, min_age
    )


def _max_age_days(policies: Policies) -> int:
    days = NEVER_DAYS
    for rule in policies.get(CHANGE, ()):
        expiry = _EXPIRY.fullmatch(rule.content)
        if not expiry:
            raise _unknown(rule)
        days = min(days, _number(rule, expiry[1]) // _DAY)
    return days


def _lock(policies: Policies) -> Lock:
    """Rules add up: the fewest attempts count, and the longest wait, of which none at all is the longest."""
    found = []
    for rule in policies.get(AUTHENTICATION, ()):
        lock = _LOCK.fullmatch(rule.content)
        if lock:
            found.append((_number(rule, lock[1]), _number(rule, lock[2]) if lock[2] else 0))
        elif not _INACTIVE.fullmatch(rule.content):
            raise _unknown(rule)
    if len(found) > 1:
        raise Unseen("unsupported", source(), "several rules that lock")
    return Lock(*found[0]) if found else Lock(0, 0)
