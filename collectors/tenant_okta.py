"""Okta: what session and application policies demand by the order of their rules, factors of users, administrators.

A second factor is demanded of everybody where every global session policy demands it, or every policy of an active
application; which policy meets which user is not worked out, so single users are told only where all policies agree.
Suspended, staged and deactivated users cannot sign in. Sources: see readers/okta_policies.py and readers/okta_org.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from collectors.door import Unseen
from collectors.door_tenant import Record, Tenant
from collectors.findings import Findings, Json, Seen
from collectors.readers import okta_org, okta_policies
from collectors.readers.okta_policies import Rule
from collectors.readers.shapes import table, text
from collectors.readers.tenant_facts import TENANT, WEAK_METHODS

FACTS = {**TENANT, **WEAK_METHODS}
_SESSIONS = f"{okta_org.POLICIES}?type=OKTA_SIGN_ON"
_ACCESS = f"{okta_org.POLICIES}?type=ACCESS_POLICY"
_WEAK = {"phone_number": "phone", "okta_email": "email", "security_question": "question"}
_Policies = Mapping[str, tuple[str, list[Rule]]]
_T = TypeVar("_T")


def collect(door: Tenant) -> Findings:
    """Policies, users and roles; a right that is missing hides the facts that need it alone."""
    findings = Findings()
    findings.look("tenant.mfa_demanded_for_all", _for_all, door)
    findings.look("tenant.demand_gaps", _gaps, door)
    findings.look("tenant.users", _users, door)
    findings.look("tenant.administrators", lambda: Seen([*_supers(door)], f"{okta_org.USERS}/*/roles"))
    findings.look("tenant.administrator_count", lambda: Seen(len(_supers(door)), f"{okta_org.USERS}/*/roles"))
    findings.look("tenant.weak_methods", _weak, door)
    findings.look("tenant.scopes_used", lambda: Seen([*door.scopes()], "the tokens"))
    return findings


def _either(door: Tenant) -> bool | None:
    """By sessions or by applications: a sign-in has to satisfy both, so one of them is enough."""
    answers = []
    for ask in (_session_policies, okta_org.application_policies):
        try:
            answers.append(okta_org.demanded(ask(door)))
        except Unseen:
            answers.append(None)
    return True if True in answers else None if None in answers else False


def _session_policies(door: Tenant) -> _Policies:
    return okta_org.policies(door, "OKTA_SIGN_ON")


def _for_all(door: Tenant) -> Seen:
    held = _either(door)
    if held is None:
        _session_policies(door)  # the reason why, where something could not be read
        okta_org.application_policies(door)
        raise Unseen("unsupported", _ACCESS, "rules that are not understood")
    return Seen(held, _SESSIONS, _ACCESS)


def _gaps(door: Tenant) -> Seen:
    if _either(door) is True:
        return Seen([], _SESSIONS, _ACCESS)
    found: list[Json] = []
    for held in (_session_policies(door), okta_org.application_policies(door)):
        for name, rules in held.values():
            found += [
                {"kind": "rule", "name": f"{one.name}: {one.why}", "policy": name}
                for one in okta_policies.reachable(rules)
                if one.demands is not True
            ]
    return Seen(found, _SESSIONS, _ACCESS)


def _users(door: Tenant) -> Seen:
    users, demanded = okta_org.users(door), _either(door)
    found: list[Json] = []
    for one in users:
        roles = _known(okta_org.roles, door, one)
        found.append(
            {
                "name": okta_org.login(one),
                "administrator": None if roles is None else bool(roles),
                "demanded": True if demanded else None,
                "registered": _known(okta_org.registered, door, one),
            }
        )
    return Seen(found, okta_org.USERS, _SESSIONS, _ACCESS)


def _known(ask: Callable[[Tenant, Record], _T], door: Tenant, one: Record) -> _T | None:
    try:
        return ask(door, one)
    except Unseen as unseen:
        if unseen.reason == "budget_spent":
            raise
        return None


def _supers(door: Tenant) -> list[str]:
    users = okta_org.users(door)
    return sorted(okta_org.login(one) for one in users if "SUPER_ADMIN" in okta_org.roles(door, one))


def _weak(door: Tenant) -> Seen:
    """Methods that are on and serve to sign in: those for recovery alone are another matter."""
    found: list[Json] = []
    for one in door.pages(okta_org.AUTHENTICATORS, key=""):
        word = _WEAK.get(text(one, "key"))
        allowed = table(one, "settings").get("allowedFor")
        if word and text(one, "status") == "ACTIVE" and allowed not in ("recovery", "none"):
            found.append(word)
    return Seen(sorted(found, key=str), okta_org.AUTHENTICATORS)
