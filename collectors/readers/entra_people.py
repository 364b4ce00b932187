"""Who is in an Entra tenant: users, members of groups, holders of roles.

Sources: https://learn.microsoft.com/graph/api/user-list, …/group-list-transitivemembers,
…/rbacapplication-list-roleassignments, …/rbacapplication-list-roleeligibilityscheduleinstances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote

from collectors.door import Unseen
from collectors.door_tenant import Record, Tenant
from collectors.readers.access_coverage import Members, Person
from collectors.readers.conditional_access import Policy
from collectors.readers.shapes import flag, table, text

GLOBAL_ADMINISTRATOR: Final = "62e90394-69f5-4237-9190-012177145e10"
"""The role's template id, the same in every tenant and language."""
ASSIGNED: Final = "roleManagement/directory/roleAssignments"
ELIGIBLE: Final = "roleManagement/directory/roleEligibilityScheduleInstances"
USERS: Final = "users"
_UNLICENSED: Final = "AadPremiumLicenseRequired"
_GROUPS_MAX: Final = 500


def persons(door: Tenant) -> list[Person]:
    """Everybody whose account is not disabled."""
    asked = {"$select": "id,userPrincipalName,accountEnabled,userType", "$top": "999"}
    return [_person(one) for one in door.pages(USERS, asked) if flag(one, "accountEnabled") is not False]


def _person(one: Record) -> Person:
    name = text(one, "userPrincipalName")
    return Person(text(one, "id"), name, one.get("userType") == "Guest" or "#EXT#" in name)


def members(door: Tenant, policies: Iterable[Policy]) -> Members:
    """Who is in the groups and roles that these policies name."""
    named = [people for one in policies for people in (one.included, one.excluded)]
    groups = {each for people in named for each in people.groups}
    roles = {each for people in named for each in people.roles}
    if len(groups) > _GROUPS_MAX:
        raise Unseen("too_large", "identity/conditionalAccess/policies", "too many groups")
    return Members(
        {one: _known(group, door, one) for one in sorted(groups)},
        {one: _known(holders, door, ASSIGNED, one, True) for one in sorted(roles)},
        {one: _known(_may_hold, door, one) for one in sorted(roles)},
    )


def _known(ask: Callable[..., list[Record]], *args: object) -> frozenset[str] | None:
    try:
        return frozenset(text(one, "id") for one in ask(*args))
    except Unseen:
        return None


def group(door: Tenant, number: str) -> list[Record]:
    """All members of a group, those of groups within it too."""
    path = f"groups/{quote(number, safe='')}/transitiveMembers"
    return door.pages(path, {"$select": "id,displayName,userPrincipalName,accountEnabled", "$top": "999"})


def _may_hold(door: Tenant, role: str) -> list[Record]:
    return [*holders(door, ASSIGNED, role), *holders(door, ELIGIBLE, role)]


def holders(door: Tenant, where: str, role: str, whole_tenant: bool = False) -> list[Record]:
    """Who holds a role, or may take it up: users and applications, a group's members in its place.

    With `whole_tenant` what is held within an administrative unit or for one object does not count.
    """
    if "'" in role:
        raise Unseen("malformed", "a role's id")
    asked = {"$filter": f"roleDefinitionId eq '{role}'", "$expand": "principal"}
    try:
        given = door.pages(where, asked)
    except Unseen as unseen:
        if where == ELIGIBLE and _UNLICENSED in unseen.detail:
            return []  # without that licence nobody can be eligible
        raise
    found: list[Record] = []
    for one in given:
        if whole_tenant and one.get("directoryScopeId") != "/":
            continue
        principal = table(one, "principal")
        is_group = principal.get("@odata.type") == "#microsoft.graph.group"
        found += group(door, text(principal, "id")) if is_group else [principal]
    return found


def administrators(door: Tenant) -> dict[str, str]:
    """Who is Global Administrator or may become it, by id; names of applications say that they are some."""
    found = {}
    for where in (ASSIGNED, ELIGIBLE):
        for one in holders(door, where, GLOBAL_ADMINISTRATOR):
            if flag(one, "accountEnabled") is not False or "userPrincipalName" not in one:
                found[text(one, "id")] = _called(one)
    return found


def _called(one: Record) -> str:
    name = one.get("userPrincipalName")
    return name if isinstance(name, str) else f"application {one.get('displayName') or text(one, 'id')}"
