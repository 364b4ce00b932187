"""How long a password lives in Entra ID: the longest of the managed domains, or for ever where a user is exempt.

What a password must look like cannot be set there, and a federated domain's passwords are kept elsewhere. A period
that is not set is 90 days by the document, which newer tenants do not hold to, so it is no answer. Sources:
https://learn.microsoft.com/graph/api/resources/domain and …/resources/user (passwordPolicies).
"""

from __future__ import annotations

from collectors import password
from collectors.door import Unseen
from collectors.door_tenant import Tenant
from collectors.findings import Findings, Seen
from collectors.readers.shapes import flag, text

FACTS = {"password.max_age_days": password.FACTS["password.max_age_days"]}
_DOMAINS = "domains"
_USERS = "users"
_NEVER_DAYS = 99999


def collect(door: Tenant) -> Findings:
    """The age after which a password has to be changed."""
    findings = Findings()
    findings.look("password.max_age_days", _days, door)
    return findings


def _days(door: Tenant) -> Seen:
    days = [
        one.get("passwordValidityPeriodInDays")
        for one in door.pages(_DOMAINS)
        if text(one, "authenticationType") == "Managed" and flag(one, "isVerified") is not False
    ]
    if not days:
        raise Unseen("not_found", _DOMAINS, "no domain whose passwords are kept here")
    told = [one for one in days if isinstance(one, int) and not isinstance(one, bool) and one >= 0]
    if any(one >= _NEVER_DAYS for one in told):
        return Seen(_NEVER_DAYS, _DOMAINS)
    if len(told) < len(days):
        raise Unseen("unsupported", _DOMAINS, "a period that is not set")
    if any(_exempt(one.get("passwordPolicies")) for one in door.pages(_USERS, _ASKED)):
        return Seen(_NEVER_DAYS, _USERS)
    return Seen(max(told), _DOMAINS, _USERS)


_ASKED = {"$select": "id,passwordPolicies", "$filter": "accountEnabled eq true", "$top": "999"}


def _exempt(policies: object) -> bool:
    """Whether a user's password never ends; a value of another shape may say so."""
    return "DisablePasswordExpiration" in str(policies)
