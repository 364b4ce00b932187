"""Okta as a tenant: made-up organisations, and rules one by one, of the form that the management API documents."""

from pathlib import Path
from typing import Any

import pytest

from collectors.readers.okta_policies import demands, rule
from tests.collectors.cases import Case, cases, check


@pytest.mark.parametrize("case", cases("tenant_okta"), ids=str)
def test_tenant_okta(case: Case, tmp_path: Path) -> None:
    """Every case gives exactly the facts, reasons and outcome that it names."""
    check(case, tmp_path)


def made(
    actions: dict[str, Any], priority: int = 1, status: str = "ACTIVE", **conditions: Any
) -> dict[str, Any]:
    return {
        "name": "Rule",
        "status": status,
        "priority": priority,
        "conditions": conditions or None,
        "actions": actions,
    }


def application(mode: str | None, access: str = "ALLOW", kind: str = "ASSURANCE") -> dict[str, Any]:
    method = {"type": kind, "factorMode": mode}
    return {"appSignOn": {"access": access, "verificationMethod": method}}


def session(**changes: Any) -> dict[str, Any]:
    told = {
        "access": "ALLOW",
        "requireFactor": True,
        "factorPromptMode": "ALWAYS",
        "rememberDeviceByDefault": False,
    }
    return {"signon": {**told, **changes}}


ONE, TWO = application("1FA"), application("2FA")
ZONE = {"connection": "ZONE", "include": ["nzo1"]}


@pytest.mark.parametrize(
    ("actions", "demanded"),
    [
        (TWO, True),
        (ONE, False),
        (application(None, "DENY"), True),
        (application("3FA"), None),
        (application("2FA", kind="AUTH_METHOD_CHAIN"), None),
        (application("2FA", "MAYBE"), None),
        (session(), True),
        (session(requireFactor=False), False),
        (session(requireFactor=None), False),
        (session(access="DENY", requireFactor=False), True),
        (session(access="CHALLENGE"), None),
        (session(factorPromptMode="DEVICE"), False),
        (session(factorPromptMode=None), False),
        (session(factorPromptMode="SESSION", factorLifetime=15), True),
        (session(factorPromptMode="SESSION", factorLifetime=60 * 24 * 30), False),
        (session(factorPromptMode="SESSION"), False),
        ({}, None),
    ],
)
def test_rule(actions: dict[str, Any], demanded: bool | None) -> None:
    """What one rule demands of those whom it lets in."""
    assert demands([rule(made(actions))]) is demanded


@pytest.mark.parametrize(
    ("rules", "demanded"),
    [
        ([made(TWO), made(ONE, 2)], True),
        ([made(ONE, 2), made(TWO, 1)], True),
        ([made(ONE, 1), made(TWO, 2)], False),
        ([made(ONE, 1, "INACTIVE"), made(TWO, 2)], True),
        ([made(TWO, 1, "INACTIVE"), made(ONE, 2)], False),
        ([made(TWO, 1, network=ZONE), made(ONE, 2)], False),
        ([made(ONE, 1, network=ZONE), made(TWO, 2)], False),
        ([made(TWO, 1, people={"groups": {"include": ["g"]}}), made(ONE, 2)], False),
        ([made(TWO, 1, people={"users": {"exclude": ["u"]}}), made(ONE, 2)], False),
        ([made(TWO, 1, riskScore={"level": "HIGH"}), made(ONE, 2)], False),
        ([made(TWO, 1, riskScore={"level": "ANY"}), made(ONE, 2)], True),
        ([made(TWO, 1, risk={"behaviors": ["new device"]}), made(ONE, 2)], False),
        ([made(TWO, 1, device={"managed": True}), made(ONE, 2)], False),
        ([made(TWO, 1, platform={"include": [{"type": "MOBILE"}]}), made(ONE, 2)], False),
        ([made(TWO, 1, elCondition={"condition": "x"}), made(ONE, 2)], False),
        ([made(TWO, 1, identityProvider={"provider": "SPECIFIC_IDP"}), made(ONE, 2)], False),
        ([made(TWO, 1, userType={"include": ["t"]}), made(ONE, 2)], False),
        ([made(TWO, 1, authContext={"authType": "RADIUS"}), made(ONE, 2)], False),
        ([made(TWO, 1, people={"moons": {"include": ["x"]}}), made(ONE, 2)], False),
        ([made(application("?"), 1, network=ZONE), made(TWO, 2)], None),
        ([made(application("?"), 1, network=ZONE), made(ONE, 2)], False),
        ([made(TWO, 1, network=ZONE)], None),
        ([], None),
    ],
)
def test_order(rules: list[dict[str, Any]], demanded: bool | None) -> None:
    """The first rule that fits decides: those behind one that fits everybody do not count, all before it do."""
    assert demands([rule(one) for one in rules]) is demanded
