"""The same made-up tenants over HTTPS as in memory: paths, parameters, scopes and paging fit what the fakes answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from collectors import discover
from collectors.doors.tenant import connect
from collectors.look import look_with
from tests.agent.tls import Authority
from tests.collectors.cases import Case, cases, door
from tests.collectors.tenant_fakes import PEM, Asked, Fake, fake, kept, settings

BASES = {"entra": "/v1.0/", "google": "/", "okta": "/"}
KEYS = {"admin/directory/v1/users": "users", "v1/inboundSsoAssignments": "inboundSsoAssignments"}


def served(case: Case) -> dict[str, Any]:
    """The case's answers by path; listings come in pages of one entry."""
    platform = case.data["platform"]
    base, listings = BASES[platform], case.data["pages"]
    answers: dict[str, Any] = {
        base + path: json.loads(text) for path, text in case.data.get("objects", {}).items()
    }
    for path in {key.partition("?")[0] for key in listings}:
        answers[base + path] = lambda asked, path=path: paged(platform, listings, path, asked)
    for path in ("/t/oauth2/v2.0/token", "/token", "/oauth2/v1/token"):
        answers[path] = lambda asked: {
            "access_token": "t",
            "expires_in": 3600,
            "scope": asked.form.get("scope", ""),
        }
    return answers


def paged(platform: str, listings: dict[str, str], path: str, asked: Asked) -> Any:
    """One entry of a listing, with the next page named as the vendor does."""
    filtered = asked.query.get("$filter") or asked.query.get("type") or asked.query.get("filter")
    text = listings.get(f"{path}?{filtered}") or listings.get(path)
    assert text is not None, (path, asked.query)
    if text.startswith("!"):
        return 403, {}, {}
    whole, at = json.loads(text), int(asked.query.get("pageToken", asked.query.get("after", "0")))
    part, more = whole[at : at + 1], at + 1 < len(whole)
    query = "&".join(
        f"{key}={value}".replace(" ", "%20") for key, value in asked.query.items() if key != "after"
    )
    following = f"https://{asked.headers['host']}{asked.path}?{query}&after={at + 1}"
    if platform == "entra":
        return {"value": part, **({"@odata.nextLink": following} if more else {})}
    if platform == "google":
        named = {KEYS[path]: part} if part else {}
        return {**named, **({"nextPageToken": str(at + 1)} if more else {})}
    return 200, {"Link": f'<{following}>; rel="next"'} if more else {}, part


def table(platform: str, folder: Path, one: Fake) -> dict[str, str]:
    """The provider's settings."""
    key = kept(folder, "key.pem", PEM)
    if platform == "entra":
        secret = kept(folder, "secret", b"s")
        return {
            "tenant": "t",
            "client_id": "c",
            "secret_file": secret,
            "login": one.address,
            "graph": one.address,
        }
    if platform == "okta":
        return {"address": one.address, "client_id": "c", "key_id": "k", "key_file": key}
    account = {"client_email": "a@b", "private_key": PEM.decode(), "private_key_id": "k"}
    return {
        "service_account_file": kept(folder, "account.json", json.dumps(account).encode()),
        "subject": "admin@contoso.example",
        "api": one.address,
        "identity": one.address,
        "token": f"{one.address}/token",
    }


@pytest.mark.parametrize("platform", BASES)
def test_over_the_wire(platform: str, tmp_path: Path) -> None:
    """Every fact is what it is in memory, but what was granted; only listings and tokens are asked for."""
    authority = Authority(tmp_path / "ca")
    for name, collector in discover(platform).items():
        case = cases(name)[0]
        expected, _ = look_with(collector, door(case))
        with fake(authority, served(case)) as one:
            real = connect(platform, settings(tmp_path, authority, **table(platform, tmp_path, one)), 30)
            found, _ = look_with(collector, real)
        for findings in (expected, found):
            findings.facts.pop("tenant.scopes_used", None)
            findings.missing.pop("tenant.scopes_used", None)
        assert (expected.facts, expected.missing) == (found.facts, found.missing)
        assert {one.method for one in one.asked if "token" not in one.path} == {"GET"}
