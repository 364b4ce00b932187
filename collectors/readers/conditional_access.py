"""Entra ID's conditional access: what one policy demands, of whom, and where it does not reach.

A policy counts as far as every word of it is understood. Whatever narrows it (risk, platform, place, device, flow,
or a condition that is not known here) makes it no demand at all; an alternative among its grant controls counts only
if each alternative is a second factor; a session control grants nothing. Source:
https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy?view=graph-rest-1.0, the resources that it
names, and https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.door import Unseen
from collectors.door_tenant import Record
from collectors.readers.shapes import names, others, table, text

CLIENTS: Final = frozenset({"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"})
LEGACY: Final = frozenset({"exchangeActiveSync", "other"})
MODERN: Final = CLIENTS - LEGACY
PHISHING_RESISTANT: Final = frozenset({"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"})
MULTI_FACTOR: Final = PHISHING_RESISTANT | frozenset(
    "deviceBasedPush temporaryAccessPassOneTime temporaryAccessPassMultiUse federatedMultiFactor"
    " password,microsoftAuthenticatorPush password,softwareOath password,hardwareOath password,sms password,voice"
    " microsoftAuthenticatorPush,federatedSingleFactor softwareOath,federatedSingleFactor"
    " hardwareOath,federatedSingleFactor sms,federatedSingleFactor voice,federatedSingleFactor".split()
)
"""authenticationMethodModes that are two factors; sms, password, x509CertificateSingleFactor, qrCodePin … are one."""

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""One application; Office365 and MicrosoftAdminPortals are suites."""
_CONDITIONS: Final = frozenset(
    "applications authenticationFlows clientAppTypes clientApplications devices insiderRiskLevels locations platforms"
    " servicePrincipalRiskLevels signInRiskLevels userRiskLevels users".split()
)
_RISKS: Final = ("signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels", "insiderRiskLevels")
_USERS: Final = frozenset(
    f"{way}{what}"
    for way in ("include", "exclude")
    for what in ("Users", "Groups", "Roles", "GuestsOrExternalUsers")
)
_APPLICATIONS: Final = frozenset(
    "includeApplications excludeApplications includeUserActions includeAuthenticationContextClassReferences"
    " applicationFilter".split()
)
_GRANT: Final = frozenset(
    "operator builtInControls customAuthenticationFactors termsOfUse authenticationStrength".split()
)
_DEVICES: Final = frozenset({"compliantDevice", "domainJoinedDevice"})
_SECOND: Final = frozenset({"mfa", "multi-factor strength", "phishing-resistant strength"})


@dataclass(frozen=True)
class People:
    """Whom one side of a policy names: user ids (or All, None, GuestsOrExternalUsers), groups, role templates."""

    users: frozenset[str]
    groups: frozenset[str]
    roles: frozenset[str]
    guests: bool
    """Some kinds of guests are named; which ones is not looked into."""

    @property
    def anybody(self) -> bool:
        """Whether anybody is named at all."""
        return bool((self.users - {"None"}) or self.groups or self.roles or self.guests)


@dataclass(frozen=True)
class Policy:
    """One policy as far as it is understood."""

    name: str
    state: str
    """enabled, disabled or enabledForReportingButNotEnforced."""
    narrowed: tuple[str, ...]
    """Why it does not reach every sign-in of those whom it is about, in words."""
    flows: frozenset[str]
    """Authentication flows that alone it is about; none: it is about all."""
    included: People
    excluded: People
    applications: frozenset[str]
    excluded_applications: frozenset[str]
    clients: frozenset[str]
    controls: tuple[str, ...]
    every_control: bool
    """All controls must be met, not one of them."""

    @property
    def second_factor(self) -> bool:
        """Whoever gets through has shown two factors."""
        return self._demands(_SECOND)

    @property
    def phishing_resistant(self) -> bool:
        """Whoever gets through has shown factors that cannot be phished."""
        return self._demands(frozenset({"phishing-resistant strength"}))

    @property
    def company_device(self) -> bool:
        """Whoever gets through sits at a device that is compliant or joined to the domain."""
        return self._demands(_DEVICES)

    @property
    def blocks(self) -> bool:
        """Nobody gets through."""
        return "block" in self.controls and not self.flows

    @property
    def blocks_device_code(self) -> bool:
        """Nobody gets through by the device code flow."""
        return "block" in self.controls and (not self.flows or "deviceCodeFlow" in self.flows)

    @property
    def in_force(self) -> bool:
        """Enabled, and about every sign-in of those whom it names."""
        return self.state == "enabled" and not self.narrowed

    def covers(self, application: str) -> bool:
        """Whether it is surely about this application, or this suite of some: what a suite holds is not known."""
        left_out = self.excluded_applications
        plain = all(_ID.fullmatch(one) for one in (application, *left_out))
        named = bool({"All", application} & self.applications)
        return named and (not left_out or (plain and application not in left_out))

    def _demands(self, wanted: frozenset[str]) -> bool:
        together = any if self.every_control else all
        return bool(self.controls) and not self.flows and together(one in wanted for one in self.controls)


def policy(record: Record) -> Policy:
    """One object of identity/conditionalAccess/policies; `malformed` where a field has another shape."""
    conditions = table(record, "conditions")
    users, applications = table(conditions, "users"), table(conditions, "applications")
    flows, clients = table(conditions, "authenticationFlows"), names(conditions, "clientAppTypes")
    controls, every = _controls(table(record, "grantControls"))
    narrowed = [
        *_narrowed(conditions),
        *(f"a condition on users that is not known: {key}" for key in others(users, _USERS)),
        *_applications(applications),
        *(f"{key} is set" for key in ("partialEnablementStrategy", "deletedDateTime") if record.get(key)),
    ]
    return Policy(
        text(record, "displayName"),
        text(record, "state"),
        tuple(narrowed),
        frozenset(text(flows, "transferMethods").replace(" ", "").split(","))
        if any(flows.values())
        else frozenset(),
        _people(users, "include"),
        _people(users, "exclude"),
        frozenset(names(applications, "includeApplications")),
        frozenset(names(applications, "excludeApplications")),
        CLIENTS if "all" in clients else CLIENTS & frozenset(clients),
        controls,
        every,
    )


def _narrowed(conditions: Record) -> list[str]:
    found = [f"only at some {key}" for key in _RISKS if conditions.get(key)]
    for key, everything in (("locations", "All"), ("platforms", "all")):
        told = table(conditions, key)
        word = key.capitalize()
        kinds = frozenset({f"include{word}", f"exclude{word}"})
        within, without = names(told, f"include{word}"), names(told, f"exclude{word}")
        if others(told, kinds) or (within and everything not in within) or (without and not within):
            found.append(f"only some {key}")
        if without:
            found.append(f"some {key} are excluded")
    if any(table(conditions, "devices").values()):
        found.append("only some devices")
    if any(table(conditions, "clientApplications").values()):
        found.append("it is about workload identities")
    return [*found, *(f"a condition that is not known: {key}" for key in others(conditions, _CONDITIONS))]


def _applications(told: Record) -> list[str]:
    found = [f"a condition on applications that is not known: {key}" for key in others(told, _APPLICATIONS)]
    if told.get("applicationFilter"):
        found.append("only applications that a filter picks")
    if names(told, "includeUserActions") or names(told, "includeAuthenticationContextClassReferences"):
        found.append("only some user actions or authentication contexts")
    return found


def _people(users: Record, way: str) -> People:
    return People(
        frozenset(names(users, f"{way}Users")),
        frozenset(names(users, f"{way}Groups")),
        frozenset(names(users, f"{way}Roles")),
        bool(table(users, f"{way}GuestsOrExternalUsers")),
    )


def _controls(grant: Record) -> tuple[tuple[str, ...], bool]:
    """The grant controls, an authentication strength by what it is worth; whether all of them must be met."""
    found = [
        *names(grant, "builtInControls"),
        *("an external factor" for _ in names(grant, "customAuthenticationFactors")),
        *("terms of use" for _ in names(grant, "termsOfUse")),
        *(f"unknown: {key}" for key in others(grant, _GRANT)),
    ]
    strength = table(grant, "authenticationStrength")
    if strength:
        found.append(_strength(frozenset(names(strength, "allowedCombinations"))))
    if "block" in found and len(found) > 1:
        raise Unseen("malformed", "grantControls", "block beside other controls")
    return tuple(found), grant.get("operator") == "AND"


def _strength(combinations: frozenset[str]) -> str:
    if combinations and combinations <= PHISHING_RESISTANT:
        return "phishing-resistant strength"
    return "multi-factor strength" if combinations and combinations <= MULTI_FACTOR else "weak strength"
