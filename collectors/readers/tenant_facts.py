"""The facts that all identity providers share: one name, one type, one meaning."""

from __future__ import annotations

from typing import Final

from collectors.findings import Fact

TENANT: Final = {
    "tenant.mfa_demanded_for_all": Fact(
        "bool", "every sign-in of everybody to every application needs a second factor"
    ),
    "tenant.demand_gaps": Fact(
        "records{kind: str, name: str, policy: str?}",
        "what leaves people or sign-ins without the demand for a second factor; of a policy where one is at fault",
    ),
    "tenant.users": Fact(
        "records{name: str, administrator: bool?, demanded: bool?, registered: bool?}",
        "users who may sign in: whether a second factor is demanded at each sign-in, and one is registered",
    ),
    "tenant.administrators": Fact(
        "list[str]",
        "who holds the highest role (Global Administrator, super administrator), or may take it up",
    ),
    "tenant.administrator_count": Fact("int", "how many hold the highest role, or may take it up"),
    "tenant.scopes_used": Fact("list[str]", "the rights with which it was looked"),
}
ENTRA: Final = {
    "tenant.legacy_authentication_blocked": Fact(
        "bool", "nobody can sign in by protocols that know no second factor"
    ),
    "tenant.device_code_blocked": Fact("bool", "nobody can sign in by the device code flow"),
    "tenant.administrators_phishing_resistant": Fact(
        "bool", "every holder of the highest role needs a second factor that cannot be phished"
    ),
    "tenant.company_device_demanded": Fact(
        "bool", "everybody needs a device that is compliant or joined to the domain"
    ),
    "tenant.devices": Fact(
        "records{name: str, compliant: bool?, encrypted: bool?}", "devices under management"
    ),
    "tenant.guests": Fact("list[str]", "guests who may sign in"),
    "tenant.security_defaults": Fact("bool", "Microsoft's security defaults are on"),
}
WEAK_METHODS: Final = {
    "tenant.weak_methods": Fact(
        "list[str]",
        "ways to show a second factor that are easily taken over: sms, voice, phone, email, question",
    ),
}
