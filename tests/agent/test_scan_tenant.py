"""`boltseal scan --tenant`: a tenant's standing from a fake on loopback, and one clear error for each wrong setting."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent import exits
from agent.__main__ import entry
from tests.agent.tls import Authority
from tests.collectors.tenant_fakes import Fake, fake, kept, settings

SECRET = "s3cr3t-that-nobody-may-see"
TOKEN = "tok3n-that-nobody-may-see"


def graph(*policies: Any) -> dict[str, Any]:
    """A tenant where users may not be read."""
    return {
        "/contoso.example/oauth2/v2.0/token": {"access_token": TOKEN, "expires_in": 3599},
        "/v1.0/identity/conditionalAccess/policies": {"value": [*policies]},
        "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy": {"isEnabled": False},
        "/v1.0/users": (403, {}, {"error": {"code": "Authorization_RequestDenied", "message": SECRET}}),
    }


def scanned(
    one: Fake, authority: Authority, folder: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, str]:
    """The exit code, and all that was said; no secret is in it."""
    path = settings(
        folder,
        authority,
        tenant="contoso.example",
        client_id="app",
        secret_file=kept(folder, "secret", SECRET.encode()),
        login=one.address,
        graph=one.address,
    )
    argv = ["scan", "--tenant", "entra", "--tenant-credentials", str(path), "--state", str(folder / "none")]
    code = entry([*argv, *more])
    told = capsys.readouterr()
    assert SECRET not in told.out + told.err
    assert TOKEN not in told.out + told.err
    return code, told.out


def test_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that only reports is none; what may not be read is unknown, and only that."""
    reports = {
        "displayName": "MFA for all",
        "state": "enabledForReportingButNotEnforced",
        "conditions": {
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    authority = Authority(tmp_path / "ca")
    with fake(authority, graph(reports)) as one:
        code, told = scanned(one, authority, tmp_path, capsys, "--json")
    assert code in (exits.OK, exits.FAILED)
    whole = json.loads(told)
    assert "contoso-example" == whole["subject"]
    answers = {each["check"]: each["answer"] for each in _verdicts(whole)}
    assert answers["tenant.second-factor-demanded.v1"] == "fail"
    assert answers["tenant.legacy-authentication-blocked.v1"] == "fail"
    assert answers["tenant.users-registered.v1"] == "unknown"
    assert "sshd.root-login.v1" not in answers


def _verdicts(told: Any) -> list[dict[str, Any]]:
    """Every object of the JSON that names a check and its answer."""
    inner = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    own = [told] if isinstance(told, dict) and {"check", "answer"} <= told.keys() else []
    return [*own, *(each for one in inner for each in _verdicts(one))]


def test_nobody_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A provider that cannot be reached leaves everything unknown."""
    authority = Authority(tmp_path / "ca")
    code, told = scanned(Fake({}, address="https://127.0.0.1:1"), authority, tmp_path, capsys, "--json")
    assert code == exits.FAILED
    assert {"unknown"} == {each["answer"] for each in _verdicts(json.loads(told))}


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["--tenant", "entra"], "tenant_settings_unusable"),
        (["--tenant", "entra", "--tenant-credentials", "/nowhere"], "tenant_settings_unusable"),
        (["--tenant-credentials", "/nowhere"], "option_without_target"),
    ],
)
def test_refused(argv: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One error, before anything is asked."""
    assert exits.USAGE == entry(["scan", *argv])
    told = capsys.readouterr()
    assert "" == told.out
    assert word in told.err
    assert "Traceback" not in told.err
