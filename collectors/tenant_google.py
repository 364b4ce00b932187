"""Google Workspace: 2-step verification, enforced and enrolled, by user and organisational unit; administrators.

What counts is the user's own isEnforcedIn2Sv and isEnrolledIn2Sv
(https://developers.google.com/workspace/admin/directory/reference/rest/v1/users): a unit may be exempt, and a new
user is enforced but not yet enrolled. Suspended and archived users cannot sign in. Where a sign-on by another
provider is assigned (https://cloud.google.com/identity/docs/reference/rest/v1/inboundSsoAssignments), Google may not
ask at all, so what is demanded there is not known here; super administrators always sign in with Google.
A profile for the whole organisation of the old kind is shown by no interface.
"""

from __future__ import annotations

from collections import Counter

from collectors.door import Unseen
from collectors.door_tenant import Record, Tenant
from collectors.findings import Findings, Json, Seen
from collectors.readers.shapes import flag, text
from collectors.readers.tenant_facts import TENANT

FACTS = {**TENANT}
_USERS = "admin/directory/v1/users"
_SIGN_ON = "v1/inboundSsoAssignments"


def collect(door: Tenant) -> Findings:
    """Users with what is enforced and enrolled; a right that is missing hides the facts that need it alone."""
    findings = Findings()
    findings.look("tenant.mfa_demanded_for_all", _for_all, door)
    findings.look("tenant.demand_gaps", _gaps, door)
    findings.look("tenant.users", _records, door)
    findings.look("tenant.administrators", _administrators, door)
    findings.look("tenant.administrator_count", lambda: Seen(len(_supers(door)), _USERS))
    findings.look("tenant.scopes_used", lambda: Seen([*door.scopes()], "the tokens"))
    return findings


def _users(door: Tenant) -> list[Record]:
    asked = {"customer": "my_customer", "maxResults": "500", "projection": "basic"}
    found = door.pages(_USERS, asked, "users")
    active = [one for one in found if not flag(one, "suspended") and not flag(one, "archived")]
    if not active:
        raise Unseen("malformed", _USERS, "a tenant without any user who may sign in")
    return active


def _elsewhere(door: Tenant) -> bool | None:
    """Whether some users sign in with another provider; None where that may not be read."""
    try:
        assigned = door.pages(_SIGN_ON, key="inboundSsoAssignments")
        return any(text(one, "ssoMode") != "SSO_OFF" for one in assigned)
    except Unseen:
        return None


def _demanded(one: Record, elsewhere: bool | None) -> bool | None:
    if elsewhere is not False and not flag(one, "isAdmin"):
        return None
    return flag(one, "isEnforcedIn2Sv")


def _for_all(door: Tenant) -> Seen:
    elsewhere = _elsewhere(door)
    answers = [_demanded(one, elsewhere) for one in _users(door)]
    if False not in answers and None in answers:
        reason = "permission_denied" if elsewhere is None else "unsupported"
        raise Unseen(reason, _SIGN_ON, "another provider may sign users in, and what it asks is not seen")
    return Seen(False not in answers, _USERS, _SIGN_ON)


def _gaps(door: Tenant) -> Seen:
    elsewhere, users = _elsewhere(door), _users(door)
    inside = Counter(_unit(one) for one in users)
    without = Counter(_unit(one) for one in users if flag(one, "isEnforcedIn2Sv") is False)
    found: list[Json] = []
    for unit, count in sorted(without.items()):
        name = f"{unit}: not enforced for {count} of {inside[unit]} users"
        found.append({"kind": "organisational unit", "name": name, "policy": None})
    if elsewhere:
        name = "some users sign in with another provider"
        found.append({"kind": "sign-on elsewhere", "name": name, "policy": None})
    return Seen(found, _USERS, _SIGN_ON)


def _unit(one: Record) -> str:
    return text(one, "orgUnitPath")


def _records(door: Tenant) -> Seen:
    elsewhere = _elsewhere(door)
    found: list[Json] = [
        {
            "name": text(one, "primaryEmail"),
            "administrator": bool(flag(one, "isAdmin") or flag(one, "isDelegatedAdmin")),
            "demanded": _demanded(one, elsewhere),
            "registered": flag(one, "isEnrolledIn2Sv"),
        }
        for one in _users(door)
    ]
    return Seen(found, _USERS, _SIGN_ON)


def _supers(door: Tenant) -> list[str]:
    return sorted(text(one, "primaryEmail") for one in _users(door) if flag(one, "isAdmin"))


def _administrators(door: Tenant) -> Seen:
    return Seen([*_supers(door)], _USERS)
