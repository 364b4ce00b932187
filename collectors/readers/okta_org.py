"""An Okta organisation as a whole: policies joined with applications, users with their factors and roles.

Sources: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ with Application, User,
UserFactor, RoleAssignmentAUser and Authenticator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from collectors.door import Unseen
from collectors.door_tenant import Record, Tenant
from collectors.readers import okta_policies
from collectors.readers.okta_policies import Rule
from collectors.readers.shapes import table, text

POLICIES: Final = "api/v1/policies"
APPLICATIONS: Final = "api/v1/apps"
USERS: Final = "api/v1/users"
AUTHENTICATORS: Final = "api/v1/authenticators"
_OUT: Final = frozenset({"STAGED", "SUSPENDED", "DEPROVISIONED"})
_SECOND: Final = frozenset(
    "push signed_nonce token token:hardware token:hotp token:software:totp u2f webauthn web sms call".split()
)
"""Factor types that count as a registered second one; email and question do not, nor what is not known."""


def policies(door: Tenant, kind: str) -> Mapping[str, tuple[str, list[Rule]]]:
    """The active policies of a kind: name and rules, by id."""
    found = {}
    for one in door.pages(POLICIES, {"type": kind}, ""):
        if text(one, "status") == "ACTIVE":
            number = text(one, "id")
            rules = door.pages(f"{POLICIES}/{quote(number, safe='')}/rules", key="")
            found[number] = (text(one, "name"), [okta_policies.rule(each) for each in rules])
    return found


def application_policies(door: Tenant) -> Mapping[str, tuple[str, list[Rule]]]:
    """Those that an active application uses; `unsupported` where one has none, or one that is not active.

    Applications of programs, which sign in with a key of their own, have no users.
    """
    held, used = policies(door, "ACCESS_POLICY"), set()
    for one in door.pages(APPLICATIONS, {"filter": 'status eq "ACTIVE"', "limit": "200"}, ""):
        if table(table(one, "settings"), "oauthClient").get("application_type") == "service":
            continue
        link = table(table(one, "_links"), "accessPolicy").get("href")
        number = urlsplit(link).path.rpartition("/")[2] if isinstance(link, str) else ""
        if number not in held:
            raise Unseen("unsupported", APPLICATIONS, "an application without a policy that is seen")
        used.add(number)
    return {number: held[number] for number in sorted(used)}


def demanded(held: Mapping[str, tuple[str, list[Rule]]]) -> bool | None:
    """Whether each of these policies demands a second factor of everybody; None for none."""
    answers = [okta_policies.demands(rules) for _, rules in held.values()]
    return False if False in answers else None if None in answers or not answers else True


def users(door: Tenant) -> list[Record]:
    """Users who may sign in, or who may again once they have changed their password."""
    active = [one for one in door.pages(USERS, {"limit": "200"}, "") if text(one, "status") not in _OUT]
    if not active:
        raise Unseen("malformed", USERS, "an organisation without any user who may sign in")
    return active


def login(one: Record) -> str:
    """The name of a user."""
    return text(table(one, "profile"), "login")


def roles(door: Tenant, one: Record) -> set[str]:
    """The administrator's roles that a user holds, by groups too."""
    held = door.pages(f"{USERS}/{quote(text(one, 'id'), safe='')}/roles", key="")
    return {text(each, "type") for each in held if text(each, "status") == "ACTIVE"}


def registered(door: Tenant, one: Record) -> bool:
    """Whether a user has an active second factor."""
    held = door.pages(f"{USERS}/{quote(text(one, 'id'), safe='')}/factors", key="")
    return any(text(each, "status") == "ACTIVE" and text(each, "factorType") in _SECOND for each in held)
