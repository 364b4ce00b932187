"""The tenant doors against fakes on loopback: paging, throttling, tokens, and everything an answer can do to them."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from collectors.door import Unseen
from collectors.door_tenant import ANSWER_MAX_BYTES
from collectors.doors import tenant
from collectors.doors.tenant import Api, connect
from tests.agent.tls import Authority
from tests.collectors.tenant_fakes import KEY, PEM, Asked, Fake, fake, in_turn, kept, settings

SECRET = "s3cr3t-that-nobody-may-see"
TOKEN = "tok3n-that-nobody-may-see"
LOGIN = "/contoso.example/oauth2/v2.0/token"
USERS = "/v1.0/users"
GRANT = {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture
def graph(authority: Authority) -> Iterator[Fake]:
    with fake(authority, {LOGIN: GRANT}) as one:
        yield one


def entra(graph: Fake, authority: Authority, folder: Path, **more: str) -> Api:
    given = {"tenant": "contoso.example", "client_id": "app", "login": graph.address, "graph": graph.address}
    secret = {} if "certificate_file" in more else {"secret_file": kept(folder, "secret", SECRET.encode())}
    door = connect("entra", settings(folder, authority, **{**given, **secret, **more}), 20)
    door.wire.sleep = lambda seconds: None
    return door


@pytest.fixture
def door(graph: Fake, authority: Authority, tmp_path: Path) -> Api:
    return entra(graph, authority, tmp_path)


def refused(door: Api, path: str = "users", key: str = "value") -> Unseen:
    """Why a listing was not seen; no secret is in the words."""
    with pytest.raises(Unseen) as caught:
        door.pages(path, key=key)
    assert SECRET not in repr(caught.value)
    assert TOKEN not in repr(caught.value)
    return caught.value


def test_pages(graph: Fake, door: Api) -> None:
    """Every page is fetched, in order and once a look, with the token of one request."""
    first: Any = {
        "value": [{"id": "1"}, {"id": "2"}],
        "@odata.nextLink": f"{graph.address}{USERS}?$skiptoken=x",
    }
    graph.answers[USERS] = lambda asked: {"value": [{"id": "3"}]} if "$skiptoken" in asked.query else first
    assert ["1", "2", "3"] == [one["id"] for one in door.pages("users", {"$top": "2"})]
    assert door.pages("users", {"$top": "2"})
    assert [LOGIN, USERS, USERS] == [one.path for one in graph.asked]
    assert graph.asked[0].form == {
        "client_id": "app",
        "grant_type": "client_credentials",
        "scope": f"{graph.address}/.default",
        "client_secret": SECRET,
    }
    assert graph.asked[1].headers["authorization"] == f"Bearer {TOKEN}"
    assert graph.asked[1].query == {"$top": "2"}


@pytest.mark.parametrize("status", [429, 503])
def test_throttled(graph: Fake, door: Api, status: int) -> None:
    """The pause that the provider asks for is made, and then asked again."""
    graph.answers[USERS] = in_turn((status, {"Retry-After": "7"}, b""), (status, {}, b""), {"value": []})
    assert [] == door.pages("users")
    assert [7.0, 2.0] == door.wire.waited


def test_throttled_as_okta_says(graph: Fake, door: Api) -> None:
    """X-Rate-Limit-Reset is a moment; what lies too far off is not waited for."""
    graph.answers[USERS] = in_turn(
        (429, {"X-Rate-Limit-Reset": str(int(time.time()) + 9)}, b""), {"value": []}
    )
    assert [] == door.pages("users")
    assert 7 < door.wire.waited[0] < 10
    graph.answers["/v1.0/groups"] = (429, {"X-Rate-Limit-Reset": "99999999999"}, b"")
    assert "budget_spent" == refused(door, "groups").reason


def test_object(graph: Fake, door: Api) -> None:
    """One object, asked once a look; a list is none."""
    graph.answers |= {"/v1.0/a": {"isEnabled": True}, "/v1.0/b": [{}]}
    assert {"isEnabled": True} == door.get("a") == door.get("a")
    assert 2 == len(graph.asked)
    with pytest.raises(Unseen, match="malformed"):
        door.get("b")


def test_throttled_for_ever(graph: Fake, door: Api) -> None:
    """Five tries, and no more."""
    graph.answers[USERS] = (429, {"Retry-After": "0"}, b"")
    assert "timeout" == refused(door).reason
    assert 6 == len(graph.asked)


@pytest.mark.parametrize("pause", ["121", "86400", "19"])
def test_pause_beyond_the_budget(graph: Fake, door: Api, pause: str) -> None:
    """A pause that would take too long is none."""
    door.wire.ends_at = time.monotonic() + 15
    graph.answers[USERS] = (429, {"Retry-After": pause}, b"")
    assert "budget_spent" == refused(door).reason


def test_throttled_in_the_middle(graph: Fake, door: Api) -> None:
    """Half of a listing is none, also when it is asked for again."""
    first = {"value": [{"id": "1"}], "@odata.nextLink": f"{graph.address}{USERS}?$skiptoken=x"}
    graph.answers[USERS] = in_turn(first, (500, {}, b""))
    assert "malformed" == refused(door).reason
    assert "malformed" == refused(door).reason


def test_token_expires_while_paging(graph: Fake, door: Api) -> None:
    """A token that is refused is asked for once more, and the page again."""
    graph.answers[LOGIN] = in_turn(GRANT, {**GRANT, "access_token": "second"})

    def answer(asked: Asked) -> Any:
        if "$skiptoken" not in asked.query:
            return {"value": [{"id": "1"}], "@odata.nextLink": f"{graph.address}{USERS}?$skiptoken=x"}
        return {"value": []} if asked.headers["authorization"] == "Bearer second" else (401, {}, b"{}")

    graph.answers[USERS] = answer
    assert [{"id": "1"}] == door.pages("users")


def test_token_refused_for_good(graph: Fake, door: Api) -> None:
    """One fresh token, and then it is a refusal."""
    graph.answers[USERS] = (401, {}, b"{}")
    assert "permission_denied" == refused(door).reason
    assert 4 == len(graph.asked)


def test_token_about_to_expire(graph: Fake, door: Api) -> None:
    """A token with less than a minute to live is not used for the next question."""
    graph.answers |= {LOGIN: {**GRANT, "expires_in": 30}, USERS: {"value": []}, "/v1.0/groups": {"value": []}}
    door.pages("users")
    door.pages("groups")
    assert 2 == [one.path for one in graph.asked].count(LOGIN)


@pytest.mark.parametrize(
    "told",
    [
        (400, {}, {"error": "unauthorized_client", "error_description": f"no {SECRET}"}),
        (401, {}, {"error": "invalid_client", "error_description": f"wrong {SECRET}"}),
    ],
)
def test_no_token(graph: Fake, door: Api, told: Any) -> None:
    """A wrong secret is a refusal; the detail has the documented code and nothing that the answer echoes."""
    graph.answers[LOGIN] = told
    got = refused(door)
    assert "permission_denied" == got.reason
    assert told[2]["error"] in got.detail


def test_one_scope_denied(graph: Fake, door: Api) -> None:
    """A 403 hides its own question and no other."""
    graph.answers |= {
        USERS: (403, {}, {"error": {"code": "Authorization_RequestDenied", "message": TOKEN}}),
        "/v1.0/groups": {"value": [{"id": "g"}]},
    }
    got = refused(door)
    assert ("permission_denied", "HTTP 403 Authorization_RequestDenied") == (got.reason, got.detail)
    assert [{"id": "g"}] == door.pages("groups")


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users",
        "https://127.0.0.1:1/v1.0/users",
        "http://127.0.0.1/v1.0/users",
        "https://127.0.0.1@evil.example/v1.0/users",
        "file:///etc/passwd",
        "//evil.example/",
        "https://[::1/",
        "",
        7,
        {"href": "x"},
    ],
)
def test_next_page_elsewhere(graph: Fake, door: Api, link: Any) -> None:
    """The token goes to no other origin, and the half listing is none."""
    graph.answers[USERS] = {"value": [{"id": "1"}], "@odata.nextLink": link}
    assert "malformed" == refused(door).reason
    assert 2 == len(graph.asked)


def test_pages_in_a_circle(graph: Fake, door: Api) -> None:
    """A page that names itself as the next is not asked for ever."""
    graph.answers[USERS] = lambda asked: {
        "value": [],
        "@odata.nextLink": f"{graph.address}{USERS}?$skiptoken=x",
    }
    assert "malformed" == refused(door).reason
    assert 3 == len(graph.asked)


@pytest.mark.parametrize("bound", ["PAGES_MAX", "ENTRIES_MAX"])
def test_too_many(graph: Fake, door: Api, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """Pages and entries have an end."""
    monkeypatch.setattr(tenant, bound, 3)
    numbers = iter(range(100))
    graph.answers[USERS] = lambda asked: {
        "value": [{"id": "1"}],
        "@odata.nextLink": f"{graph.address}{USERS}?$skiptoken={next(numbers)}",
    }
    assert "too_large" == refused(door).reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (b"<html>Please log in</html>", "malformed"),
        (b"", "malformed"),
        (b'{"value": [{"id": "1"}', "malformed"),
        (b'{"value": [' + b"[" * 100_000, "malformed"),
        ((200, {"Content-Length": "5000"}, {"value": []}), "timeout"),
        ({"value": {"id": "1"}}, "malformed"),
        ({"value": ["1"]}, "malformed"),
        ({"value": None}, "malformed"),
        ({"values": []}, "malformed"),
        ({}, "malformed"),
        ([{"id": "1"}], "malformed"),
        ((302, {"Location": "https://evil.example/"}, b""), "unsupported"),
        ((400, {}, {"error": {"code": "BadRequest"}}), "unsupported"),
        ((404, {}, b""), "not_found"),
        ((200, {"Content-Encoding": "gzip"}, {"value": []}), "malformed"),
        (b'{"value": "' + b"x" * (ANSWER_MAX_BYTES + 1) + b'"}', "too_large"),
        ((200, {"Content-Length": None}, b" " * 50_000_000), "too_large"),
    ],
)
def test_other_shapes(graph: Fake, door: Api, told: Any, reason: str) -> None:
    """What is no whole listing is none, with its reason."""
    graph.answers[USERS] = told
    assert reason == refused(door).reason


def test_whole_look_is_bounded(graph: Fake, door: Api) -> None:
    """Bytes and requests count over the whole look."""
    graph.answers[USERS] = {"value": [{"id": "x" * 100}]}
    door.wire.bytes_left = 200
    assert "too_large" == refused(door).reason
    door.wire.requests_left = 0
    assert "budget_spent" == refused(door, "groups").reason


def test_certificate_of_a_stranger(graph: Fake, tmp_path: Path) -> None:
    """An authority that is not the named one is not trusted, and no secret is sent."""
    other = Authority(tmp_path / "other")
    assert "unsupported" == refused(entra(graph, other, tmp_path)).reason
    assert [] == graph.asked


def test_nobody_there(authority: Authority, tmp_path: Path) -> None:
    """An address where nobody listens."""
    assert "not_found" == refused(entra(Fake({}, address="https://127.0.0.1:1"), authority, tmp_path)).reason


def test_roles_are_told(graph: Fake, door: Api) -> None:
    """What an application may do stands in its token; an opaque token does not tell."""
    claims = base64.urlsafe_b64encode(json.dumps({"roles": ["User.Read.All", "Policy.Read.All"]}).encode())
    graph.answers |= {
        LOGIN: {**GRANT, "access_token": f"h.{claims.decode().rstrip('=')}.s"},
        USERS: {"value": []},
    }
    with pytest.raises(Unseen, match="unsupported"):
        door.scopes()
    door.pages("users")
    assert ("Policy.Read.All", "User.Read.All") == door.scopes()


def test_certificate_login(graph: Fake, authority: Authority, tmp_path: Path) -> None:
    """With a certificate an assertion is signed (PS256) and no secret is sent."""
    graph.answers[USERS] = {"value": []}
    given = {
        "key_file": kept(tmp_path, "key", PEM),
        "certificate_file": kept(tmp_path, "c", authority.ca.read_bytes()),
    }
    assert [] == entra(graph, authority, tmp_path, **given).pages("users")
    form = graph.asked[0].form
    assert "client_secret" not in form
    header, claims = verified(form["client_assertion"], "PS256")
    assert {"alg", "typ", "x5t#S256"} == header.keys()
    assert ("app", "app", graph.address + LOGIN) == (claims["iss"], claims["sub"], claims["aud"])
    assert claims["exp"] - claims["iat"] == 300


def verified(token: str, algorithm: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT of the fakes' key, its signature verified."""
    head, body, signature = token.split(".")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    how = pss if algorithm == "PS256" else padding.PKCS1v15()
    KEY.public_key().verify(plain(signature), f"{head}.{body}".encode(), how, hashes.SHA256())
    header = json.loads(plain(head))
    assert algorithm == header["alg"]
    return header, json.loads(plain(body))


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_google(graph: Fake, authority: Authority, tmp_path: Path) -> None:
    """A token for each scope, on behalf of the administrator; an empty list is left out of the answer."""
    account = {
        "client_email": "b@p.example",
        "private_key": PEM.decode(),
        "private_key_id": "k1",
        "token_uri": "https://evil.example",
    }
    graph.answers |= {
        "/token": GRANT,
        "/admin/directory/v1/users": lambda asked: (
            {"kind": "admin#directory#users", "users": [{"id": "2"}]}
            if asked.query.get("pageToken") == "next&"
            else {"users": [{"id": "1"}], "nextPageToken": "next&"}
        ),
        "/v1/inboundSsoAssignments": {},
    }
    path = settings(
        tmp_path,
        authority,
        service_account_file=kept(tmp_path, "account.json", json.dumps(account).encode()),
        subject="admin@contoso.example",
        token=f"{graph.address}/token",
        api=graph.address,
        identity=graph.address,
    )
    door = connect("google", path, 20)
    found = door.pages("admin/directory/v1/users", {"customer": "my_customer"}, "users")
    assert [{"id": "1"}, {"id": "2"}] == found
    assert [] == door.pages("v1/inboundSsoAssignments", key="inboundSsoAssignments")
    assert ("admin.directory.user.readonly", "cloud-identity.inboundsso.readonly") == door.scopes()
    assert ["my_customer"] * 2 == [one.query["customer"] for one in graph.asked if "users" in one.path]
    header, claims = verified(graph.asked[0].form["assertion"], "RS256")
    assert "k1" == header["kid"]
    assert ("b@p.example", "admin@contoso.example") == (claims["iss"], claims["sub"])


def test_okta_api_token(graph: Fake, authority: Authority, tmp_path: Path) -> None:
    """Pages by Link headers, of which the one named next counts."""
    at = f"{graph.address}/api/v1/users"
    following = f'<{at}?limit=1>; rel="self", <{at}?after=2>; rel="next"'
    graph.answers["/api/v1/users"] = lambda asked: (
        [{"id": "2"}] if "after" in asked.query else (200, {"Link": following}, [{"id": "1"}])
    )
    path = settings(
        tmp_path, authority, address=graph.address, token_file=kept(tmp_path, "token", TOKEN.encode())
    )
    door = connect("okta", path, 20)
    assert [{"id": "1"}, {"id": "2"}] == door.pages("api/v1/users", {"limit": "1"}, "")
    assert {f"SSWS {TOKEN}"} == {one.headers["authorization"] for one in graph.asked}
    with pytest.raises(Unseen, match="unsupported"):
        door.scopes()
    graph.answers["/api/v1/apps"] = (200, {"Link": '<https://evil.example/>; rel="next"'}, [])
    assert "malformed" == refused(door, "api/v1/apps", "").reason


def test_okta_key(graph: Fake, authority: Authority, tmp_path: Path) -> None:
    """A service application asks for one read scope at a time."""
    graph.answers |= {
        "/oauth2/v1/token": lambda asked: {**GRANT, "scope": asked.form["scope"]},
        "/api/v1/users": [],
        "/api/v1/users/u1/roles": [],
    }
    path = settings(
        tmp_path,
        authority,
        address=graph.address,
        client_id="0oa",
        key_id="k",
        key_file=kept(tmp_path, "key", PEM),
    )
    door = connect("okta", path, 20)
    assert [] == door.pages("api/v1/users", key="")
    assert [] == door.pages("api/v1/users/u1/roles", key="")
    assert ("okta.roles.read", "okta.users.read") == door.scopes()
    verified(graph.asked[0].form["client_assertion"], "RS256")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "lack tenant"),
        ({"tenant": "../x", "client_id": "a", "secret_env": "HOME"}, "no directory id"),
        ({"tenant": "x.example", "client_id": "a"}, "is needed"),
        ({"tenant": "x.example", "client_id": "a", "graph": "http://graph.example"}, "no https address"),
        ({"tenant": "x.example", "client_id": "a", "login": "https://u:p@login.example"}, "no https address"),
        (
            {"tenant": "x.example", "client_id": "a", "client_secret": SECRET},
            "no such setting: client_secret",
        ),
        ({"tenant": "x.example", "client_id": "a", "secret_file": "gone"}, "No such file"),
        ({"tenant": "x.example", "client_id": "a", "ca_file": "gone"}, "gone: no such file"),
        ({"tenant": "x.example", "client_id": "a", "secret_env": "BOLTSEAL_NOT_SET"}, "empty"),
    ],
)
def test_settings(authority: Authority, tmp_path: Path, values: dict[str, str], named: str) -> None:
    """What is missing or wrong is said before anything is asked, without its value."""
    with pytest.raises(ValueError, match=named) as caught:
        connect("entra", settings(tmp_path, authority, **values))
    assert SECRET not in str(caught.value)


def test_settings_open_to_others(authority: Authority, tmp_path: Path) -> None:
    """A file that others may read is refused, the settings as well as the secret."""
    path = settings(tmp_path, authority, tenant="x.example", client_id="a", secret_file="secret")
    kept(tmp_path, "secret", SECRET.encode())
    (tmp_path / "secret").chmod(0o640)
    with pytest.raises(ValueError, match="others may read"):
        connect("entra", path)
    path.chmod(0o604)
    with pytest.raises(ValueError, match=r"tenant\.toml: others may read"):
        connect("entra", path)


@pytest.mark.parametrize("text", ["client_id = 'a' 'b'", "\x00", "tenant = 7", "[tenant]\nx = 1"])
def test_settings_that_are_none(tmp_path: Path, text: str) -> None:
    """No TOML, or no texts."""
    path = tmp_path / "t.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ValueError, match=r"t\.toml"):
        connect("entra", path)
    with pytest.raises(ValueError, match="no such provider"):
        connect("keycloak", path)
