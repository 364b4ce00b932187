"""The API: who may ask, what tokens are, what the document says, and the one shape of an error."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from server.home import Home
from tests.server.twin import NOW, Clock, rows
from tests.server.web.conftest import PASSWORD, enter
from tests.server.web.visitor import Visitor

READS = (
    "/api/v1/overview",
    "/api/v1/criteria",
    "/api/v1/criteria/4.8",
    "/api/v1/checks/password.min-length.v1/hosts",
    "/api/v1/hosts",
    "/api/v1/hosts/dispatch-01",
    "/api/v1/coverage",
    "/api/v1/accounts",
    "/api/v1/networks",
    "/api/v1/feeds",
    "/api/v1/log",
    "/api/v1/tokens",
)


def token(role: str = "auditor", scopes: tuple[str, ...] = ("read",), days: int = 30) -> str:
    """A token of a new person."""
    from server import api_tokens, people

    person = people.add(f"t-{role}", role, PASSWORD)
    return api_tokens.new(person, NOW, timedelta(days=days), scopes, "a test")[1]


def ask(path: str, secret: str = "", method: str = "get") -> Any:
    """The answer to somebody without a session."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return getattr(Visitor().client, method)(path, headers=headers)


@pytest.mark.parametrize("path", READS)
def test_reads(pages: Home, path: str) -> None:
    """Every address answers to a token, and to a session, the same; and to nobody else."""
    secret = token()
    by_token, by_session = ask(path, secret), enter().client.get(path)
    assert by_token.status_code == 200
    assert by_token.json() == by_session.json()
    for refused in (
        ask(path),
        ask(path, "boltseal-api-wrong"),
        enter("operator", has_factor=False).client.get(path),
    ):
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "unauthenticated"


def test_token_is_kept_as_digest(visit: Callable[..., Visitor], pages: Home) -> None:
    """The page shows a token once; the database never had it."""
    import re

    visitor = visit("auditor")
    page = visitor.post("/account/tokens", {"note": "reports", "days": "90", "scopes": ["read"]})
    (secret,) = set(re.findall(r"boltseal-api-[A-Za-z0-9_-]{43}", page.markup))
    assert ask("/api/v1/overview", secret).status_code == 200
    assert secret.encode() not in pages.database.read_bytes()
    assert secret not in visitor.get("/account/tokens").markup
    (token_id,) = rows(pages, "SELECT token_id FROM api_token")[0]
    assert visitor.post(f"/account/tokens/{token_id}/delete").status == 302
    assert ask("/api/v1/overview", secret).status_code == 401


def test_token_of_another(visit: Callable[..., Visitor], pages: Home) -> None:
    """Nobody deletes another's token."""
    secret = token("operator")
    (token_id,) = rows(pages, "SELECT token_id FROM api_token")[0]
    assert visit("administrator").post(f"/account/tokens/{token_id}/delete").status == 404
    assert ask("/api/v1/overview", secret).status_code == 200


def test_token_ends(pages: Home, clock: Clock) -> None:
    """A token ends when it says, and with its person."""
    from server import people

    secret = token(days=1)
    clock.forward(hours=23)
    assert ask("/api/v1/log", secret).status_code == 200
    clock.forward(hours=1)
    assert ask("/api/v1/log", secret).status_code == 401
    clock.forward(hours=-1)
    people.remove("t-auditor")
    assert ask("/api/v1/log", secret).status_code == 401


def test_scopes(pages: Home) -> None:
    """A token does what its scopes say, and never more than its person's role may."""
    reader, exporter = token("auditor", ("read",)), token("compliance", ("export",))
    operator = token("operator", ("read", "export"))
    assert ask("/api/v1/bundle", reader, "post").json()["error"]["code"] == "forbidden"
    assert ask("/api/v1/overview", exporter).status_code == 403
    assert ask("/api/v1/bundle", exporter, "post").content[:2] == b"PK"
    assert ask("/api/v1/bundle", operator, "post").status_code == 403
    assert rows(pages, "SELECT who, what FROM audit") == [("t-compliance", "bundle_exported")]


@pytest.mark.parametrize("scopes", [(), ("rule",), ("read", "rule")])
def test_unknown_scope(pages: Home, scopes: tuple[str, ...]) -> None:
    """A token without a scope, or with one that there is not, is not made."""
    from config.errors import InputError

    with pytest.raises(InputError, match="scope_unknown"):
        token("auditor", scopes)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/criteria/9.9", 404, "not_found"),
        ("/api/v1/hosts/nobody", 404, "host_unknown"),
        ("/api/v1/checks/none/hosts", 404, "not_found"),
        ("/api/v1/nowhere", 404, "not_found"),
        ("/api/v1/log?before=x", 400, "bad_request"),
        ("/api/v1/log?before=-1", 400, "bad_request"),
        ("/api/v1/hosts?heard=gossip", 400, "bad_request"),
        ("/api/v1/hosts?after=" + "x" * 300, 400, "bad_request"),
        ("/api/v1/checks/password.min-length.v1/hosts?answer=maybe", 400, "bad_request"),
    ],
)
def test_errors(pages: Home, path: str, status: int, code: str) -> None:
    """Every error has the shape that agents get."""
    answer = ask(path, token())
    assert answer.status_code == status
    told = answer.json()
    assert set(told) == {"error", "time"}
    assert set(told["error"]) == {"code", "message", "hint"}
    assert told["error"]["code"] == code
    assert told["time"] == "2026-11-24T12:00:00Z"


def test_session_posts_with_its_token_only(pages: Home) -> None:
    """Another site cannot make a person's browser export."""
    visitor = enter("auditor")
    strict = Visitor(enforce_csrf_checks=True)
    strict.client.cookies = visitor.client.cookies
    assert strict.post("/api/v1/bundle").status == 403


def test_document(pages: Home) -> None:
    """The OpenAPI document names every address, its answers and both ways to be let in."""
    told = ask("/api/v1/openapi.json").json()
    wanted = {path.replace("4.8", "{criterion_id}").replace("dispatch-01", "{host_id}") for path in READS}
    wanted = {path.replace("password.min-length.v1", "{check_id}") for path in wanted}
    assert wanted <= set(told["paths"])
    for path in wanted:
        answers = told["paths"][path]["get"]["responses"]
        assert {"200", "400", "401", "403", "404"} <= set(answers)
        assert answers["200"]["content"]["application/json"]["schema"]
    assert {each["type"] for each in told["components"]["securitySchemes"].values()} == {"http", "apiKey"}


def test_pages_of_hosts(pages: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """`next` leads through all rows."""
    monkeypatch.setattr("server.api._ROWS", 10)
    secret, seen, after = token(), [], ""
    while True:
        told = ask(f"/api/v1/hosts?after={after}", secret).json()
        seen += [row["host"]["host_id"] for row in told["rows"]]
        after = told["next"]
        if not after:
            break
    assert len(seen) == len(set(seen)) == 24
