"""Entra ID: what conditional access demands of whom, who has registered, who administers, which devices comply.

Security defaults ask administrators always and others only when Microsoft deems it necessary, so they demand a second
factor of nobody here but block legacy protocols (https://learn.microsoft.com/entra/fundamentals/security-defaults).
The old per-user state and what a federated provider asks are not looked at. A method counts as registered if it is
also allowed (https://learn.microsoft.com/graph/api/resources/userregistrationdetails). Devices are Intune's
(…/resources/intune-devices-manageddevice). Rights: docs/sources.md.
"""

from __future__ import annotations

from collectors.door import Unseen
from collectors.door_tenant import Tenant
from collectors.findings import Findings, Json, Seen
from collectors.readers import entra_access, entra_people
from collectors.readers.shapes import flag, text
from collectors.readers.tenant_facts import ENTRA, TENANT, WEAK_METHODS

FACTS = {**TENANT, **ENTRA, **WEAK_METHODS}
_METHODS = "policies/authenticationMethodsPolicy"
_DEVICES = "deviceManagement/managedDevices"
_WEAK = {"Sms": "sms", "Voice": "voice", "Email": "email"}
_COMPLIANT = {
    "compliant": True,
    "noncompliant": False,
    "conflict": False,
    "error": False,
    "inGracePeriod": False,
}


def collect(door: Tenant) -> Findings:
    """Policies joined with people; a right that is missing hides the facts that need it, and no others."""
    findings = Findings()
    findings.look("tenant.security_defaults", entra_access.security_defaults, door)
    findings.look("tenant.mfa_demanded_for_all", entra_access.second_factor_demanded, door)
    findings.look("tenant.demand_gaps", entra_access.demand_gaps, door)
    findings.look("tenant.company_device_demanded", entra_access.company_device_demanded, door)
    findings.look("tenant.device_code_blocked", entra_access.device_code_blocked, door)
    findings.look("tenant.legacy_authentication_blocked", entra_access.legacy_blocked, door)
    findings.look("tenant.administrators_phishing_resistant", entra_access.administrators_resistant, door)
    findings.look("tenant.users", entra_access.users, door)
    findings.look("tenant.guests", _guests, door)
    findings.look("tenant.administrators", _administrators, door)
    findings.look("tenant.administrator_count", _count, door)
    findings.look("tenant.weak_methods", _weak, door)
    findings.look("tenant.devices", _devices, door)
    findings.look("tenant.scopes_used", lambda: Seen([*door.scopes()], "the token's roles"))
    return findings


def _guests(door: Tenant) -> Seen:
    return Seen([one.name for one in entra_people.persons(door) if one.guest], entra_people.USERS)


def _administrators(door: Tenant) -> Seen:
    found = sorted(entra_people.administrators(door).values())
    return Seen([*found], entra_people.ASSIGNED, entra_people.ELIGIBLE)


def _count(door: Tenant) -> Seen:
    return Seen(len(entra_people.administrators(door)), entra_people.ASSIGNED, entra_people.ELIGIBLE)


def _weak(door: Tenant) -> Seen:
    listed = door.get(_METHODS).get("authenticationMethodConfigurations")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Unseen("malformed", _METHODS, "no list of methods")
    on = {text(one, "id") for one in listed if text(one, "state") == "enabled"}
    return Seen([word for name, word in _WEAK.items() if name in on], _METHODS)


def _devices(door: Tenant) -> Seen:
    asked = {"$select": "id,deviceName,complianceState,isEncrypted", "$top": "999"}
    found: list[Json] = [
        {
            "name": str(one.get("deviceName") or text(one, "id")),
            "compliant": _COMPLIANT.get(text(one, "complianceState")),
            "encrypted": flag(one, "isEncrypted"),
        }
        for one in door.pages(_DEVICES, asked)
    ]
    return Seen(found, _DEVICES)
