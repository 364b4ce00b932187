"""Conditional access against the traps: one good policy of Graph's documented form, one change for each test."""

import json
from typing import Any

import pytest

from collectors.findings import Findings
from tests.collectors.cases import run
from tests.collectors.twin_tenant import TenantTwin

ANA, BO, GLASS, GUEST = "u-ana", "u-bo", "u-glass", "u-guest"
APP, MAIL = "6f2d7a6a-0a0c-4a4e-9d9b-000000000001", "00000002-0000-0ff1-ce00-000000000000"
ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
POLICIES = "identity/conditionalAccess/policies"
ROLES = "roleManagement/directory/roleAssignments"
ELIGIBLE = "roleManagement/directory/roleEligibilityScheduleInstances"
FILTER = f"roleDefinitionId eq '{ADMINISTRATOR}'"


def policy(**changes: Any) -> dict[str, Any]:
    """All users, all applications, all clients, MFA; `a__b` changes field b of field a."""
    one: dict[str, Any] = {
        "id": "p1",
        "displayName": "MFA for all",
        "state": "enabled",
        "templateId": None,
        "conditions": {
            "applications": {
                "includeApplications": ["All"],
                "excludeApplications": [],
                "includeUserActions": [],
                "includeAuthenticationContextClassReferences": [],
                "applicationFilter": None,
            },
            "users": {
                "includeUsers": ["All"],
                "excludeUsers": [],
                "includeGroups": [],
                "excludeGroups": [],
                "includeRoles": [],
                "excludeRoles": [],
                "includeGuestsOrExternalUsers": None,
                "excludeGuestsOrExternalUsers": None,
            },
            "clientAppTypes": ["all"],
            "platforms": None,
            "locations": None,
            "devices": None,
            "clientApplications": None,
            "authenticationFlows": None,
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "servicePrincipalRiskLevels": [],
            "insiderRiskLevels": None,
        },
        "grantControls": {
            "operator": "OR",
            "builtInControls": ["mfa"],
            "customAuthenticationFactors": [],
            "termsOfUse": [],
            "authenticationStrength@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x",
            "authenticationStrength": None,
        },
        "sessionControls": None,
    }
    for path, value in changes.items():
        at, keys = one, path.split("__")
        for key in keys[:-1]:
            at = at[key]
        at[keys[-1]] = value
    return one


def strength(*combinations: str) -> dict[str, Any]:
    """A grant by an authentication strength alone."""
    return {
        "grantControls__builtInControls": [],
        "grantControls__authenticationStrength": {
            "id": "s",
            "displayName": "Strong",
            "requirementsSatisfied": "mfa",
            "allowedCombinations": [*combinations],
        },
    }


def user(number: str, kind: str = "Member", enabled: bool = True) -> dict[str, Any]:
    return {
        "id": number,
        "userPrincipalName": f"{number}@contoso.example",
        "userType": kind,
        "accountEnabled": enabled,
    }


def tenant(*policies: dict[str, Any], defaults: bool = False, **pages: str) -> TenantTwin:
    """Ana administers, Bo works, a break-glass account, a guest; one account is disabled."""
    users = [user(ANA), user(BO), user(GLASS), user(GUEST, "Guest"), user("u-off", enabled=False)]
    principal = {"@odata.type": "#microsoft.graph.user", **users[0]}
    listings = {
        POLICIES: json.dumps(policies),
        "users": json.dumps(users),
        "reports/authenticationMethods/userRegistrationDetails": json.dumps(
            [
                {
                    "id": each["id"],
                    "isMfaRegistered": True,
                    "isMfaCapable": True,
                    "isAdmin": each["id"] == ANA,
                }
                for each in users
            ]
        ),
        "groups/g-out/transitiveMembers": json.dumps([user(GLASS)]),
        "groups/g-empty/transitiveMembers": "[]",
        f"{ROLES}?{FILTER}": json.dumps([{"directoryScopeId": "/", "principal": principal}]),
        f"{ELIGIBLE}?{FILTER}": "[]",
        **pages,
    }
    objects = {"policies/identitySecurityDefaultsEnforcementPolicy": json.dumps({"isEnabled": defaults})}
    return TenantTwin("entra", listings, objects)


def look(*policies: dict[str, Any], **more: Any) -> Findings:
    return run("tenant_entra", tenant(*policies, **more))


def told(found: Findings, name: str) -> Any:
    """The fact, or why it is missing."""
    return found.facts.get(f"tenant.{name}", found.missing.get(f"tenant.{name}"))


def demanded(found: Findings) -> dict[str, bool | None]:
    return {one["name"].partition("@")[0]: one["demanded"] for one in told(found, "users")}


EVERYBODY = dict.fromkeys((ANA, BO, GLASS, GUEST), True)
NOBODY = dict.fromkeys((ANA, BO, GLASS, GUEST), False)
EXCEPT_GLASS = EVERYBODY | {GLASS: False}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"grantControls__operator": "AND", "grantControls__builtInControls": ["mfa", "compliantDevice"]},
        {"grantControls__operator": "AND", "grantControls__termsOfUse": ["t1"]},
        {"conditions__locations": {"includeLocations": ["All"], "excludeLocations": []}},
        {"conditions__platforms": {"includePlatforms": ["all"], "excludePlatforms": []}},
        {"conditions__devices": {"deviceFilter": None}},
        {
            "conditions__clientAppTypes": [
                "browser",
                "mobileAppsAndDesktopClients",
                "exchangeActiveSync",
                "other",
            ]
        },
        {"conditions__users__excludeGroups": ["g-empty"]},
        {"conditions__users__excludeUsers": ["u-off"]},
        {"grantControls__builtInControls": ["block"]},
        strength("fido2", "windowsHelloForBusiness"),
        strength("password,sms", "deviceBasedPush"),
    ],
)
def test_demand(changes: dict[str, Any]) -> None:
    """What demands a second factor of everybody."""
    found = look(policy(**changes))
    assert told(found, "mfa_demanded_for_all") is True
    assert demanded(found) == EVERYBODY
    assert told(found, "demand_gaps") == []


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"state": "enabledForReportingButNotEnforced"}, ("not in force", "only reports")),
        ({"state": "disabled"}, ("not in force", "disabled")),
        ({"state": "paused"}, ("not in force", "in a state that is not known")),
        ({"conditions__signInRiskLevels": ["high"]}, ("narrowed", "only at some signInRiskLevels")),
        ({"conditions__userRiskLevels": ["high", "medium"]}, ("narrowed", "only at some userRiskLevels")),
        ({"conditions__insiderRiskLevels": "elevated"}, ("narrowed", "only at some insiderRiskLevels")),
        (
            {"conditions__platforms": {"includePlatforms": ["windows"], "excludePlatforms": []}},
            ("narrowed", "only some platforms"),
        ),
        (
            {"conditions__platforms": {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}},
            ("narrowed", "some platforms are excluded"),
        ),
        (
            {"conditions__locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
            ("narrowed", "some locations are excluded"),
        ),
        (
            {"conditions__locations": {"includeLocations": ["loc-1"], "excludeLocations": []}},
            ("narrowed", "only some locations"),
        ),
        (
            {
                "conditions__devices": {
                    "deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}
                }
            },
            ("narrowed", "only some devices"),
        ),
        (
            {"conditions__clientApplications": {"includeServicePrincipals": ["All"]}},
            ("narrowed", "it is about workload identities"),
        ),
        (
            {"conditions__authenticationFlows": {"transferMethods": "deviceCodeFlow"}},
            ("narrowed", "only the flow deviceCodeFlow"),
        ),
        (
            {"conditions__agentIdRiskLevels": "high"},
            ("narrowed", "a condition that is not known: agentIdRiskLevels"),
        ),
        (
            {"conditions__users__excludeMoons": ["x"]},
            ("narrowed", "a condition on users that is not known: excludeMoons"),
        ),
        ({"partialEnablementStrategy": "50"}, ("narrowed", "partialEnablementStrategy is set")),
        (
            {"conditions__applications__includeApplications": ["Office365"]},
            ("narrowed", "only some applications"),
        ),
        (
            {"conditions__applications__excludeApplications": [APP]},
            ("excluded application", APP),
        ),
        (
            {"conditions__applications__applicationFilter": {"mode": "exclude", "rule": "x"}},
            ("narrowed", "only applications that a filter picks"),
        ),
        (
            {
                "conditions__applications__includeApplications": [],
                "conditions__applications__includeUserActions": ["urn:user:registersecurityinfo"],
            },
            ("narrowed", "only some user actions or authentication contexts"),
        ),
        ({"conditions__clientAppTypes": ["browser"]}, ("narrowed", "only some kinds of clients")),
        (
            {"conditions__clientAppTypes": ["browser", "mobileAppsAndDesktopClients"]},
            ("legacy protocols", "protocols that know no second factor are not blocked"),
        ),
        ({"conditions__clientAppTypes": ["easSupported"]}, ("narrowed", "only some kinds of clients")),
        ({"conditions__clientAppTypes": []}, ("narrowed", "only some kinds of clients")),
        (
            {"grantControls__builtInControls": ["mfa", "compliantDevice"]},
            ("alternative", "compliantDevice"),
        ),
        (
            {"grantControls__builtInControls": ["mfa", "domainJoinedDevice"]},
            ("alternative", "domainJoinedDevice"),
        ),
        ({"grantControls__customAuthenticationFactors": ["Duo"]}, ("alternative", "an external factor")),
        ({"grantControls__verifiedID": ["x"]}, ("alternative", "unknown: verifiedID")),
        (
            {"grantControls__operator": None, "grantControls__termsOfUse": ["t"]},
            ("alternative", "terms of use"),
        ),
        ({"grantControls__builtInControls": ["compliantDevice"]}, None),
        ({"grantControls__builtInControls": ["unknownFutureValue"]}, None),
        ({"grantControls__builtInControls": []}, None),
        (
            {"grantControls": None, "sessionControls": {"signInFrequency": {"value": 1, "isEnabled": True}}},
            None,
        ),
        (strength("fido2", "password"), None),
        (strength("sms"), None),
        (strength("x509CertificateSingleFactor", "fido2"), None),
        (strength("federatedSingleFactor"), None),
        (strength("telepathy"), None),
        (strength(), None),
        ({**strength("fido2"), "grantControls__builtInControls": ["compliantDevice"]}, None),
    ],
)
def test_no_demand(changes: dict[str, Any], gap: tuple[str, str] | None) -> None:
    """What looks like a demand and is none, with the gap that it leaves."""
    found = look(policy(**changes))
    assert told(found, "mfa_demanded_for_all") is False
    assert demanded(found) == NOBODY
    gaps = told(found, "demand_gaps")
    assert gaps
    if gap is not None:
        assert gap in [(one["kind"], one["name"]) for one in gaps]


@pytest.mark.parametrize(
    ("changes", "who", "for_all", "gap"),
    [
        ({"excludeUsers": [GLASS]}, EXCEPT_GLASS, False, ("excluded user", "u-glass@contoso.example")),
        ({"excludeGroups": ["g-out"]}, EXCEPT_GLASS, False, ("excluded group", "g-out")),
        (
            {"excludeRoles": [ADMINISTRATOR]},
            EVERYBODY | {ANA: False},
            False,
            ("excluded role", ADMINISTRATOR),
        ),
        ({"excludeUsers": ["GuestsOrExternalUsers"]}, EVERYBODY | {GUEST: False}, False, None),
        ({"includeUsers": [ANA, BO]}, NOBODY | {ANA: True, BO: True}, False, ("no policy", "")),
        ({"includeUsers": ["None"]}, NOBODY, False, None),
        ({"includeUsers": [], "includeRoles": [ADMINISTRATOR]}, NOBODY | {ANA: True}, False, None),
        ({"includeUsers": [], "includeGroups": ["g-out"]}, NOBODY | {GLASS: True}, False, None),
        ({"includeUsers": ["GuestsOrExternalUsers"]}, NOBODY | {GUEST: True}, False, None),
        ({"includeUsers": [ANA, BO, GLASS, GUEST]}, EVERYBODY, False, None),
        ({"excludeGroups": ["g-secret"]}, dict.fromkeys(EVERYBODY), "permission_denied", None),
        ({"excludeRoles": ["r-secret"]}, dict.fromkeys(EVERYBODY), "permission_denied", None),
        ({"includeUsers": [], "includeGroups": ["g-secret"]}, dict.fromkeys(EVERYBODY), False, None),
        (
            {"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "serviceProvider"}},
            EVERYBODY | {GUEST: None},
            "permission_denied",
            None,
        ),
    ],
)
def test_people(
    changes: dict[str, Any], who: dict[str, bool], for_all: bool | str, gap: tuple[str, str] | None
) -> None:
    """Whom a policy reaches: by name, group, role; what may not be read is neither yes nor no."""
    found = look(policy(**{f"conditions__users__{key}": value for key, value in changes.items()}))
    assert demanded(found) == who
    assert told(found, "mfa_demanded_for_all") == for_all
    if gap is not None:
        kinds = [(one["kind"], one["name"]) for one in told(found, "demand_gaps")]
        assert any(kind == gap[0] and name.startswith(gap[1]) for kind, name in kinds)


def test_policies_add_up() -> None:
    """What one leaves out another may demand: an excluded group, an excluded application, kinds of clients."""
    users = policy(conditions__users__excludeGroups=["g-out"])
    glass = policy(conditions__users__includeUsers=[], conditions__users__includeGroups=["g-out"])
    assert demanded(look(users, glass)) == EVERYBODY
    assert told(look(users, glass), "mfa_demanded_for_all") is True
    without = policy(conditions__applications__excludeApplications=[APP])
    one = policy(conditions__applications__includeApplications=[APP])
    assert told(look(without, one), "mfa_demanded_for_all") is True
    one["state"] = "enabledForReportingButNotEnforced"
    assert told(look(without, one), "mfa_demanded_for_all") is False
    modern = policy(conditions__clientAppTypes=["browser", "mobileAppsAndDesktopClients"])
    assert told(look(modern, LEGACY_BLOCKED), "mfa_demanded_for_all") is True


@pytest.mark.parametrize(
    ("left_out", "other", "for_all"),
    [
        (["Office365"], {"excludeApplications": [MAIL]}, False),
        ([MAIL], {"excludeApplications": ["Office365"]}, False),
        (["Office365"], {"includeApplications": [MAIL]}, False),
        ([MAIL], {"includeApplications": ["Office365"]}, False),
        (["Office365"], {"includeApplications": ["Office365"]}, True),
        ([MAIL], {"excludeApplications": [APP]}, True),
        ([MAIL, APP], {"excludeApplications": [APP]}, False),
        (["Office365"], {}, True),
        ([MAIL], {"includeApplications": [MAIL], "excludeApplications": [MAIL]}, False),
        (["Office365"], {"includeApplications": ["Office365"], "excludeApplications": [MAIL]}, False),
    ],
)
def test_suites(left_out: list[str], other: dict[str, list[str]], for_all: bool) -> None:
    """What a suite holds is not known: an application left out by name and with its suite is a gap."""
    one = policy(conditions__applications__excludeApplications=left_out)
    two = policy(**{f"conditions__applications__{key}": value for key, value in other.items()})
    assert told(look(one, two), "mfa_demanded_for_all") is for_all


@pytest.mark.parametrize(
    ("scope", "included", "excluded"), [("/", True, False), ("/administrativeUnits/1", False, False)]
)
def test_roles_within_a_unit(scope: str, included: bool, excluded: bool) -> None:
    """Policies for a role do not reach those who hold it within an administrative unit; an exclusion may."""
    held = json.dumps([{"directoryScopeId": scope, "principal": user(BO)}])
    pages: Any = {f"{ROLES}?{FILTER}": held}
    role = {"conditions__users__includeUsers": [], "conditions__users__includeRoles": [ADMINISTRATOR]}
    assert demanded(look(policy(**role), **pages))[BO] is included
    assert demanded(look(policy(conditions__users__excludeRoles=[ADMINISTRATOR]), **pages))[BO] is excluded


def test_who_may_take_up_an_excluded_role() -> None:
    """Whoever can step out of a policy by taking up a role is not covered by it."""
    pages: Any = {f"{ELIGIBLE}?{FILTER}": json.dumps([{"principal": user(BO)}])}
    assert demanded(look(policy(conditions__users__excludeRoles=[ADMINISTRATOR]), **pages))[BO] is False


LEGACY_BLOCKED = policy(
    conditions__clientAppTypes=["exchangeActiveSync", "other"], grantControls__builtInControls=["block"]
)


@pytest.mark.parametrize(
    ("changes", "blocked"),
    [
        ({}, True),
        ({"conditions__clientAppTypes": ["other"]}, False),
        ({"conditions__clientAppTypes": ["easSupported", "other"]}, False),
        ({"grantControls__builtInControls": ["mfa"]}, False),
        ({"state": "enabledForReportingButNotEnforced"}, False),
        ({"conditions__users__excludeUsers": [GLASS]}, False),
        ({"conditions__users__includeUsers": [ANA]}, False),
        ({"conditions__applications__includeApplications": ["Office365"]}, False),
        ({"conditions__locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}, False),
        ({"conditions__users__excludeGroups": ["g-secret"]}, "permission_denied"),
    ],
)
def test_legacy_protocols(changes: dict[str, Any], blocked: bool | str) -> None:
    """Blocked for all users, all applications, both kinds of old clients; MFA there blocks nothing for certain."""
    start = {
        "conditions__clientAppTypes": ["exchangeActiveSync", "other"],
        "grantControls__builtInControls": ["block"],
    }
    assert told(look(policy(**{**start, **changes})), "legacy_authentication_blocked") == blocked


def test_security_defaults() -> None:
    """They block old protocols, and ask users only sometimes."""
    found = look(defaults=True)
    assert told(found, "security_defaults") is True
    assert told(found, "legacy_authentication_blocked") is True
    assert told(found, "mfa_demanded_for_all") is False
    assert ["no policy", "security defaults"] == [one["kind"] for one in told(found, "demand_gaps")]


@pytest.mark.parametrize(
    ("changes", "blocked"),
    [
        ({}, True),
        (
            {"conditions__authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"}},
            True,
        ),
        ({"conditions__authenticationFlows": {"transferMethods": "authenticationTransfer"}}, False),
        ({"conditions__users__excludeUsers": [BO]}, False),
        ({"state": "disabled"}, False),
        ({"grantControls__builtInControls": ["mfa"]}, False),
    ],
)
def test_device_code(changes: dict[str, Any], blocked: bool) -> None:
    """A block of that flow for everybody; it demands a second factor of nobody."""
    start = {
        "conditions__authenticationFlows": {"transferMethods": "deviceCodeFlow"},
        "grantControls__builtInControls": ["block"],
    }
    found = look(policy(**{**start, **changes}))
    assert told(found, "device_code_blocked") is blocked
    assert told(found, "mfa_demanded_for_all") is False


@pytest.mark.parametrize(
    ("changes", "resistant"),
    [
        (strength("fido2", "x509CertificateMultiFactor"), True),
        (
            {
                **strength("fido2"),
                "conditions__users__includeUsers": [],
                "conditions__users__includeRoles": [ADMINISTRATOR],
            },
            True,
        ),
        (strength("fido2", "password,microsoftAuthenticatorPush"), False),
        ({**strength("fido2"), "grantControls__builtInControls": ["mfa"]}, False),
        ({**strength("fido2"), "conditions__users__excludeUsers": [ANA]}, False),
        ({**strength("fido2"), "state": "enabledForReportingButNotEnforced"}, False),
        ({**strength("fido2"), "conditions__users__excludeGroups": ["g-secret"]}, "permission_denied"),
        ({}, False),
    ],
)
def test_administrators_resistant(changes: dict[str, Any], resistant: bool | str) -> None:
    """Each Global Administrator needs a factor that cannot be phished."""
    assert told(look(policy(**changes)), "administrators_phishing_resistant") == resistant


@pytest.mark.parametrize(
    ("controls", "operator", "held"),
    [
        (["compliantDevice"], "OR", True),
        (["compliantDevice", "domainJoinedDevice"], "OR", True),
        (["mfa", "compliantDevice"], "AND", True),
        (["mfa", "compliantDevice"], "OR", False),
        (["approvedApplication"], "OR", False),
    ],
)
def test_company_device(controls: list[str], operator: str, held: bool) -> None:
    """A device of the company is demanded, and no alternative stands beside it."""
    one = policy(grantControls__builtInControls=controls, grantControls__operator=operator)
    assert told(look(one), "company_device_demanded") is held


@pytest.mark.parametrize(
    "broken",
    [
        {"conditions__users__includeUsers": "All"},
        {"conditions__clientAppTypes": "all"},
        {"conditions": ["x"]},
        {"state": None},
        {"grantControls__builtInControls": [1]},
        {"grantControls__builtInControls": ["block", "mfa"]},
        {"conditions__authenticationFlows": {"transferMethods": 1}},
    ],
)
def test_other_shapes(broken: dict[str, Any]) -> None:
    """One policy of another shape makes the answer unknown: it may exclude whom the others reach."""
    found = look(policy(), policy(**broken))
    assert told(found, "mfa_demanded_for_all") == "malformed"
    assert told(found, "legacy_authentication_blocked") == "malformed"
