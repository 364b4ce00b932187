"""Okta's sign-on policies: whether every way through a policy's rules demands a second factor.

Rules are tried by priority and the first that fits decides, so each active rule that lets somebody in must demand it,
down to the first that fits everybody. Of an application's rule 2FA counts, 1FA does not, whatever its constraints;
of the global session's a factor asked at every sign-in or within half a day, but none that a remembered device
replaces. What is not understood is no answer. Source:
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Policy/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collectors.door_tenant import Record
from collectors.readers.shapes import flag, names, others, table, text

LIFETIME_MAX_MINUTES: Final = 720
_NEUTRAL: Final = frozenset(
    {"people", "network", "authContext", "riskScore", "risk", "identityProvider", "userType"}
)


@dataclass(frozen=True)
class Rule:
    """One rule: whether it demands a second factor of those it lets in, and if not, why; None is not understood."""

    name: str
    priority: int
    active: bool
    everybody: bool
    demands: bool | None
    why: str


def rule(record: Record) -> Rule:
    """One object of a policy's rules; `malformed` where a field has another shape."""
    actions, priority = table(record, "actions"), record.get("priority")
    demands, why = _application(actions) if "appSignOn" in actions else _session(actions)
    conditions = table(record, "conditions")
    return Rule(
        text(record, "name"),
        priority if isinstance(priority, int) else 10**6,
        text(record, "status") == "ACTIVE",
        _everybody(conditions),
        demands,
        why + _where(conditions),
    )


def reachable(rules: Sequence[Rule]) -> list[Rule]:
    """The rules that decide about somebody, in order."""
    found = []
    for one in sorted((one for one in rules if one.active), key=lambda one: one.priority):
        found.append(one)
        if one.everybody:
            break
    return found


def demands(rules: Sequence[Rule]) -> bool | None:
    """Whether nobody gets through without a second factor. Rules that do not fit everybody are no whole policy."""
    asked = reachable(rules)
    answers = [one.demands for one in asked]
    if False in answers:
        return False
    return None if None in answers or not asked or not asked[-1].everybody else True


def _application(actions: Record) -> tuple[bool | None, str]:
    told = table(actions, "appSignOn")
    if told.get("access") == "DENY":
        return True, ""
    method = table(told, "verificationMethod")
    if told.get("access") != "ALLOW" or method.get("type") != "ASSURANCE":
        return None, "a verification that is not understood"
    mode = method.get("factorMode")
    if mode == "2FA":
        return True, ""
    return (False, "one factor is enough") if mode == "1FA" else (None, "a factor mode that is not known")


def _session(actions: Record) -> tuple[bool | None, str]:
    told = table(actions, "signon")
    if told.get("access") == "DENY":
        return True, ""
    if told.get("access") != "ALLOW":
        return None, "an access that is not known"
    if flag(told, "requireFactor") is not True:
        return False, "one factor is enough"
    mode, minutes = told.get("factorPromptMode"), told.get("factorLifetime")
    if mode == "ALWAYS":
        return True, ""
    if mode == "SESSION" and isinstance(minutes, int) and 0 < minutes <= LIFETIME_MAX_MINUTES:
        return True, ""
    return False, "a remembered device or an old session is not asked"


def _everybody(conditions: Record) -> bool:
    """Whether no condition leaves anybody to the next rule."""
    people, network = table(conditions, "people"), table(conditions, "network")
    limited = any(
        names(table(people, who), way) for who in ("users", "groups") for way in ("include", "exclude")
    )
    return not (
        limited
        or others(conditions, _NEUTRAL)
        or others(people, frozenset({"users", "groups"}))
        or network.get("connection", "ANYWHERE") != "ANYWHERE"
        or table(conditions, "authContext").get("authType", "ANY") != "ANY"
        or table(conditions, "riskScore").get("level", "ANY") != "ANY"
        or any(table(conditions, "risk").values())
        or table(conditions, "identityProvider").get("provider", "ANY") != "ANY"
        or any(names(table(conditions, "userType"), way) for way in ("include", "exclude"))
    )


def _where(conditions: Record) -> str:
    return (
        ""
        if table(conditions, "network").get("connection", "ANYWHERE") == "ANYWHERE"
        else ", in some network zones"
    )
